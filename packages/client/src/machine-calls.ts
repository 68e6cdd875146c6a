/** The calls on machines, invites, sign-ins at the page and the audit log; every client has them. */
import { type EndpointInput, type EndpointReply, endpoints } from "@agentmesh/protocol";
import type { CallOptions, Connection } from "./connection.ts";

type Table = typeof endpoints;
type In<K extends keyof Table> = EndpointInput<Table[K]>;
type Out<K extends keyof Table> = Promise<EndpointReply<Table[K]>>;

/** A client's part about who may come in. All but `joinMesh` and leaving need the mesh key. */
export class MachineCalls {
  readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Makes an invite: whoever has its secret joins once, within its time. */
  invite(input: In<"invite">, options?: CallOptions): Out<"invite"> {
    return this.connection.call(endpoints.invite, input, options);
  }

  /** Invites that can still be used. */
  listInvites(options?: CallOptions): Out<"listInvites"> {
    return this.connection.call(endpoints.listInvites, {}, options);
  }

  /** Takes an invite back before it is used. */
  takeBackInvite(input: In<"takeBackInvite">, options?: CallOptions): Out<"takeBackInvite"> {
    return this.connection.call(endpoints.takeBackInvite, input, options);
  }

  /** Joins by an invite; the token in the input is this machine's credential from then on. Needs no token. */
  joinMesh(input: In<"joinMesh">, options?: CallOptions): Out<"joinMesh"> {
    return this.connection.call(endpoints.joinMesh, input, options);
  }

  /** Machines that joined. */
  listMachines(input: In<"listMachines"> = {}, options?: CallOptions): Out<"listMachines"> {
    return this.connection.call(endpoints.listMachines, input, options);
  }

  /** Puts a machine out for good; `me` with a machine's own credential. */
  revokeMachine(input: In<"revokeMachine">, options?: CallOptions): Out<"revokeMachine"> {
    return this.connection.call(endpoints.revokeMachine, input, options);
  }

  /** Exchanges the token of this client for one that you made; keep that before you call. */
  rotateToken(input: In<"rotateToken">, options?: CallOptions): Out<"rotateToken"> {
    return this.connection.call(endpoints.rotateToken, input, options);
  }

  /** Who registered, joined, was refused or was revoked. */
  audit(input: In<"audit"> = {}, options?: CallOptions): Out<"audit"> {
    return this.connection.call(endpoints.audit, input, options);
  }

  /** Makes a code that signs a browser in at the page, once; or a read-only link. Needs the mesh key. */
  pageCode(input: In<"pageCode"> = {}, options?: CallOptions): Out<"pageCode"> {
    return this.connection.call(endpoints.pageCode, input, options);
  }

  /** Signs a browser in: it keeps the cookie of the answer. */
  signIn(input: In<"signIn">, options?: CallOptions): Out<"signIn"> {
    return this.connection.call(endpoints.signIn, input, options);
  }

  /** What this browser was told when it signed in. */
  ownSignIn(options?: CallOptions): Out<"ownSignIn"> {
    return this.connection.call(endpoints.ownSignIn, {}, options);
  }

  /** Signs this browser out. */
  signOut(options?: CallOptions): Out<"signOut"> {
    return this.connection.call(endpoints.signOut, {}, options);
  }

  /** Browsers that are signed in, and read-only links. Needs the mesh key. */
  listSignIns(options?: CallOptions): Out<"listSignIns"> {
    return this.connection.call(endpoints.listSignIns, {}, options);
  }

  /** Ends a sign-in, or a read-only link with all that came by it. Needs the mesh key. */
  revokeSignIn(input: In<"revokeSignIn">, options?: CallOptions): Out<"revokeSignIn"> {
    return this.connection.call(endpoints.revokeSignIn, input, options);
  }
}
