import MawsBase
import MawsProtocol
import MawsWire

/// A server process: its listener, its connections, and what keeps time in it.
final class ServerNode {
    private static let tickSeconds = 0.1
    private static let scrubSeconds = 2.0

    let host: ServerHost
    private let world: World
    private let links = OpenLines()
    private let orders: ServerOrders
    /// Shards are told how long gathers wait by their settings; a tick is for those that do.
    private let process: Process

    /// - Parameter exit: ends the process, for this reason.
    init(
        _ world: World, _ process: Process, _ disk: ServerDisk, _ arithmetic: Arithmetic, _ shard: ShardIdentity,
        address: Address, coordinator: Address, exit: @escaping (String) -> Void
    ) {
        (self.world, self.process) = (world, process)
        let credentials = Credentials(role: .server, certificate: "server")
        host = ServerHost(world, process, disk, arithmetic, shard, fail: exit)
        orders = ServerOrders(
            host, name: process.name, address: address,
            dial: { seconds, body in
                world.network.dial(process, credentials, coordinator, timeoutSeconds: seconds, body)
            }, exit: exit)
        world.network.listen(process, address, credentials) { [host, links] end in
            ServerSession(host, end, links).begin()
        }
    }

    func begin() {
        orders.begin()
        keepTime()
        beat()
        scrub()
    }

    private func keepTime() {
        world.after(Self.tickSeconds, process) { [self] in
            host.handle(.tick)
            keepTime()
        }
    }

    private func beat() {
        world.after(1, process) { [self] in
            if let bulk = host.bulk, !bulk.isSending { bulk.send(.heartbeat) }
            host.coordinator?.send(.heartbeat)
            beat()
        }
    }

    /// Looks through the state again and again.
    private func scrub() {
        world.after(Self.scrubSeconds, process) { [self] in
            if let memory = host.memory, memory.file.isDamaged { host.foundDamage(in: memory) }
            scrub()
        }
    }
}
