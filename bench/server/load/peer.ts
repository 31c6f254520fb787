/** A client of the measured server. */
export interface Peer {
  /** Sends a new message. */
  send(chat: number, clientId: string): void;
  close(): void;
}

/** Events of a client. */
export interface Listener {
  acknowledged(clientId: string): void;
  delivered(clientId: string): void;
}

/** Description of a client, for the process that runs it. */
export interface PeerPlan {
  readonly user_id: number;
  readonly access_token: string;
  readonly session_key: Uint8Array;
  /** The chats, each with the id of the peer. */
  readonly chats: readonly { readonly chat_id: number; readonly peer_id: number }[];
}

/** How clients connect to the measured server. */
export type Kind = "lacre" | "echo" | "socket.io";

export const CONTENT_BYTES = 144;
