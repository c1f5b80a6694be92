// Limits the connections to a server: in total, for each address, and for clients that do not read their answers. When there is
// no room for a new connection, one that waits for its client is closed instead. A client that holds hundreds of idle
// connections therefore cannot keep others out.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { isIPv6, type Socket } from 'node:net'
import { plainAddress } from './proxies.ts'

export interface ConnectionBounds {
  /** Connections in all. */
  readonly most: number
  /** Connections of one address; of one /64 network of IPv6. */
  readonly mostOfOne: number
  /** Seconds that a client may take before it begins to read its answer. */
  readonly patience: number
  /** Bytes a second that it has to read after that. */
  readonly slowest: number
  /** Requests that it may send before the first of them is answered. */
  readonly ahead: number
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Begins the answer. */
  readonly answer: () => void
}

interface Connection {
  readonly socket: Socket
  /** The client: an address, or a network of IPv6. */
  owner: string
  /** The current request, and those that wait behind it. */
  readonly exchanges: Exchange[]
  /** Time of the last progress: opened, an answer ended, or the client read. Received bytes do not count: they may trickle in. */
  moved: number
  /** Bytes that the client had read by then. */
  read: number
  /** When an answer began to wait for the client, and the bytes that the client had read by then. */
  owes: { since: number; read: number } | undefined
}

export class Connections {
  /** Connections that were closed to make room (`full`), or because the client did not read (`slow`). */
  readonly closed = { full: 0, slow: 0 }
  private readonly bounds: ConnectionBounds
  private readonly shares: (address: string) => boolean
  private readonly open = new Map<Socket, Connection>()
  private readonly owners = new Map<string, Set<Connection>>()

  /**
   * Bounds the connections of a server from now on.
   * @param shares whether an address is shared by many clients, as a proxy's is; such an address has no bound of its own
   */
  constructor(server: Server, bounds: ConnectionBounds, shares: (address: string) => boolean = () => false) {
    this.bounds = bounds
    this.shares = shares
    server.on('connection', (socket) => this.admit(socket))
    const clock = setInterval(() => this.look(), Math.min(1000, bounds.patience * 250))
    clock.unref()
    server.on('close', () => clearInterval(clock))
  }

  get size(): number {
    return this.open.size
  }

  /**
   * Registers a request: `answer` is called when those before it on its connection have been answered.
   * @param address the client's, which a proxy may have named
   */
  begin({ request, response, answer }: Exchange, address: string): void {
    const connection = this.open.get(request.socket)
    if (!connection) return
    const { exchanges } = connection
    if (exchanges.push({ request, response, answer }) > this.bounds.ahead) {
      this.close(connection)
      return
    }
    response.once('close', () => {
      exchanges.shift()
      connection.moved = performance.now()
      if (this.open.has(request.socket)) exchanges[0]?.answer()
    })
    if (ownerOf(address) !== connection.owner) {
      this.leave(connection)
      this.join(connection, address)
    }
    if (exchanges.length === 1) answer()
  }

  /** Whether an answer on this connection has begun. */
  isAnswering(socket: Socket): boolean {
    return this.open.get(socket)?.exchanges[0]?.response.headersSent === true
  }

  private admit(socket: Socket): void {
    const connection: Connection = {
      socket,
      owner: '',
      exchanges: [],
      moved: performance.now(),
      read: 0,
      owes: undefined,
    }
    this.open.set(socket, connection)
    socket.once('close', () => this.forget(connection))
    this.join(connection, plainAddress(socket.remoteAddress ?? ''))
  }

  private join(connection: Connection, address: string): void {
    const owner = ownerOf(address)
    const own = this.owners.get(owner) ?? new Set()
    this.owners.set(owner, own.add(connection))
    connection.owner = owner
    if (own.size > this.bounds.mostOfOne && !this.shares(address)) this.makeRoom(own, connection)
    else if (this.open.size > this.bounds.most) this.makeRoom(this.largest(), connection)
  }

  private largest(): Set<Connection> {
    return [...this.owners.values()].reduce((most, one) => (one.size > most.size ? one : most))
  }

  /** Closes an idle connection: first those with unread answers, the longest idle first. If there is none, the newcomer. */
  private makeRoom(among: ReadonlySet<Connection>, newcomer: Connection): void {
    const rank = ({ socket, moved }: Connection) => moved - (socket.writableLength > 0 ? performance.now() : 0)
    const [first = newcomer] = [...among]
      .filter((connection) => connection !== newcomer && !isAtWork(connection))
      .sort((one, other) => rank(one) - rank(other))
    this.closed.full++
    this.close(first)
  }

  private look(): void {
    const now = performance.now()
    for (const connection of this.open.values()) {
      const { socket } = connection
      const read = socket.bytesWritten - socket.writableLength
      if (read !== connection.read) {
        connection.read = read
        connection.moved = now
      }
      if (socket.writableLength === 0) {
        connection.owes = undefined
        continue
      }
      connection.owes ??= { since: now, read }
      const seconds = this.bounds.patience + (socket.bytesWritten - connection.owes.read) / this.bounds.slowest
      if (now - connection.owes.since <= seconds * 1000) continue
      this.closed.slow++
      this.close(connection)
    }
  }

  /** Resets the connection when bytes are unread: otherwise the kernel would keep them for the client. */
  private close(connection: Connection): void {
    this.forget(connection)
    if (connection.socket.writableLength > 0) connection.socket.resetAndDestroy()
    else connection.socket.destroy()
  }

  private forget(connection: Connection): void {
    this.open.delete(connection.socket)
    this.leave(connection)
  }

  private leave(connection: Connection): void {
    const own = this.owners.get(connection.owner)
    own?.delete(connection)
    if (own?.size === 0) this.owners.delete(connection.owner)
  }
}

/** Whether the server is computing the answer: the request is complete and a POST, and no bytes wait for the client. */
function isAtWork({ exchanges: [current], socket }: Connection): boolean {
  if (!current || socket.writableLength > 0) return false
  return current.request.complete && current.request.method === 'POST'
}

/** An address, or for IPv6 the /64 network that belongs to one client. */
function ownerOf(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.toLowerCase().split('::')
  const left = head.split(':').filter(Boolean)
  const right = tail?.split(':').filter(Boolean) ?? []
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  const groups = [...left, ...new Array<string>(zeros).fill('0'), ...right]
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
