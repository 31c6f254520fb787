/** One client of a server that is measured. */
export interface Peer {
  /** Hands a new message over to be sent. */
  send(chat: number, clientId: string): void;
  close(): void;
}

/** What a client tells of. */
export interface Listener {
  acknowledged(clientId: string): void;
  delivered(clientId: string): void;
}

/** A client as whoever prepared the server describes it; over the boundary of a process. */
export interface PeerPlan {
  readonly user_id: number;
  readonly access_token: string;
  readonly session_key: Uint8Array;
  /** Each with the user at its other end. */
  readonly chats: readonly { readonly chat_id: number; readonly peer_id: number }[];
}

/** How clients reach what is measured. */
export type Kind = "lacre" | "echo" | "socket.io";

export const CONTENT_BYTES = 144;
