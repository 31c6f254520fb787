import type { MlsServer } from "lacre/client/mls";
import {
  Acceptance,
  AddEntry,
  ClaimedKeyPackages,
  ClaimKeyPackages,
  Commit,
  DeviceEntries,
  GroupInfo,
  Invitations,
  KeyPackageCounts,
  PublishKeyPackages,
} from "lacre-api";
import type { Api } from "./api.js";
import { NotThisProtocolError, type ServerRejectionError } from "./errors.js";

/** Maximum number of entries of a device log (docs/PROTOCOL.md, A-4). */
const MAX_ENTRIES = 1024;

/**
 * Returns the endpoints for devices and MLS chats, with the login of an `Api` (docs/PROTOCOL.md, section 15). They throw what its
 * methods throw.
 */
export function mlsServerOf(api: Api): MlsServer {
  return {
    async entries(userId, after) {
      const found: Uint8Array[] = [];
      for (;;) {
        const path = `/users/${userId}/devices?after=${after + found.length}` as const;
        const { entries, has_more } = await api.read(DeviceEntries, { method: "GET", path });
        found.push(...entries);
        if (!has_more) return found;
        if (entries.length === 0 || found.length > MAX_ENTRIES)
          throw new NotThisProtocolError(api.server, "an empty page");
      }
    },
    async addEntry(entry, password) {
      const body = AddEntry.parse({ entry, ...(password !== undefined && { password }) });
      await api.send({ method: "POST", path: "/devices", body });
    },
    async leaveAcceptance(device, acceptance) {
      const path = `/devices/${device}/acceptance` as const;
      await api.send({ method: "PUT", path, body: Acceptance.parse({ acceptance }) });
    },
    async acceptance(device) {
      const path = `/devices/${device}/acceptance` as const;
      try {
        return (await api.read(Acceptance.schema, { method: "GET", path })).acceptance;
      } catch (error) {
        const { code } = error as Partial<ServerRejectionError>;
        if (code === "ERR_DEVICE_NOT_FOUND") return undefined;
        throw error;
      }
    },
    async publish(device, key_packages, last_resort) {
      const path = `/devices/${device}/key-packages` as const;
      const body = PublishKeyPackages.parse({
        key_packages: [...key_packages],
        last_resort: [...last_resort],
      });
      return (await api.read(KeyPackageCounts, { method: "POST", path, body })).suites;
    },
    async countKeyPackages(device) {
      const path = `/devices/${device}/key-packages` as const;
      return (await api.read(KeyPackageCounts, { method: "GET", path })).suites;
    },
    async claim(chatId, user_ids, suite) {
      const path = `/chats/${chatId}/key-packages/claim` as const;
      const body = ClaimKeyPackages.parse({ user_ids: [...user_ids], suite });
      const { devices } = await api.read(ClaimedKeyPackages, { method: "POST", path, body });
      return devices.flatMap(({ key_package }) => key_package ?? []);
    },
    async commit({ message, add, remove, invitation, group_info }) {
      const path = `/chats/${message.chat_id}/commits` as const;
      const body = Commit.parse({
        ...{ message, add: [...add], remove: [...remove], group_info },
        ...(invitation && {
          invitation: { device_ids: [...invitation.device_ids], content: invitation.content },
        }),
      });
      await api.send({ method: "POST", path, body });
    },
    async send(message) {
      await api.sendMessage(message);
    },
    async groupInfo(chatId) {
      const path = `/chats/${chatId}/group-info` as const;
      return (await api.read(GroupInfo, { method: "GET", path })).group_info;
    },
    async nextInvitation(device, after) {
      const path = `/invitations?device=${device}&after=${after}` as const;
      const { invitations } = await api.read(Invitations, { method: "GET", path });
      return invitations[0];
    },
    async deleteInvitation(invitationId) {
      await api.send({ method: "DELETE", path: `/invitations/${invitationId}` });
    },
    async chats() {
      const chats = await api.listChats({ mls: true });
      const grouped = chats.filter(({ encryption_type, epoch = 0 }) => {
        return encryption_type === "MLS" && epoch > 0;
      });
      return grouped.map(({ chat_id }) => chat_id);
    },
  };
}
