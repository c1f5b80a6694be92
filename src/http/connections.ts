// What clients may hold of a server: so many connections in all and for each address, and none for an answer that they do not read.
// A newcomer is let in where there is no room, and a connection that the server waits for is closed for it, so that whoever holds
// connections and leaves them lying, in the hundreds, keeps nobody out.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { isIPv6, type Socket } from 'node:net'
import { plainAddress } from './proxies.ts'

export interface ConnectionBounds {
  /** Connections in all. */
  readonly most: number
  /** Connections of one address; of one /64 network of IPv6. */
  readonly mostOfOne: number
  /** Seconds that a client may take to begin reading what waits for it. */
  readonly patience: number
  /** Bytes a second that it has to read from then on. */
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
  /** Whose it is: an address, or a network of IPv6. */
  owner: string
  /** The request at work, and those behind it. */
  readonly exchanges: Exchange[]
  /** When it came, its last answer ended, or the client last read of one: not what it sends, which may be a byte at a time. */
  moved: number
  /** Bytes that the client had read by then. */
  read: number
  /** Since when the client has had something to read, and what it had read by then. */
  owes: { since: number; read: number } | undefined
}

export class Connections {
  /** Connections that were closed: for others' room, or because the client did not read. */
  readonly closed = { full: 0, slow: 0 }
  private readonly bounds: ConnectionBounds
  private readonly shares: (address: string) => boolean
  private readonly open = new Map<Socket, Connection>()
  private readonly owners = new Map<string, Set<Connection>>()

  /**
   * Bounds the connections of a server from now on.
   * @param shares whether many clients come from an address, which then has no bound of its own: a proxy's
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
   * A request has come: `answer` is called when those before it on its connection have been answered.
   * @param address whose it is, as a proxy may say
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

  /** Closes a connection that the server waits for: first those with an answer to read, stillest first. Else the newcomer. */
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

  /** With a reset where bytes wait: the kernel would keep them for the client. */
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

/** Its request has come whole and asks for work, and nothing waits for the client: the server has the next word. */
function isAtWork({ exchanges: [current], socket }: Connection): boolean {
  if (!current || socket.writableLength > 0) return false
  return current.request.complete && current.request.method === 'POST'
}

/** An address, or the network that an IPv6 client has for itself. */
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
