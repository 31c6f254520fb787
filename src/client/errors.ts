import { LacreError } from "../errors.js";

/**
 * The client stopped (`ERR_STOPPED`), the server closed the connection for good (`ERR_SESSION_ENDED`), or a message could not be
 * stored and is not sent (`ERR_NOT_STORED`).
 */
export class ClientError extends LacreError {
  override readonly name = "ClientError";
  declare readonly code: "ERR_STOPPED" | "ERR_SESSION_ENDED" | "ERR_NOT_STORED";
  /** The close code (RFC 6455, section 7.4) of `ERR_SESSION_ENDED`. */
  readonly closeCode: number | undefined;

  constructor(
    code: ClientError["code"],
    message: string,
    options?: ErrorOptions & { closeCode?: number },
  ) {
    super(code, message, options);
    this.closeCode = options?.closeCode;
  }
}
