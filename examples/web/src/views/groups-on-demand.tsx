import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { GroupHome } from "../model/group-home.js";
import type { Home } from "../model/home.js";
import { ErrorText } from "./parts.js";

interface Loaded {
  readonly groupHome: GroupHome;
  readonly View: typeof import("./groups.js")["GroupsView"];
}

/** Loads the code of the groups when the user opens them. */
export function GroupsOnDemand({ home, chatId }: { home: Home; chatId: number | undefined }) {
  const loaded = useSignal<Loaded | undefined>(undefined);
  const failed = useSignal(false);
  useEffect(() => {
    Promise.all([home.openGroups(), import("./groups.js")]).then(
      ([groupHome, { GroupsView }]) => {
        loaded.value = { groupHome, View: GroupsView };
      },
      () => {
        failed.value = true;
      },
    );
  }, [home, loaded, failed]);
  if (loaded.value !== undefined) {
    const { View, groupHome } = loaded.value;
    return <View key={chatId ?? 0} groupHome={groupHome} chatId={chatId} />;
  }
  return (
    <div class="nothing">
      {failed.value ? (
        <ErrorText text="The groups did not load. Check your connection and open them again." />
      ) : (
        <p role="status">Opening the groups…</p>
      )}
    </div>
  );
}
