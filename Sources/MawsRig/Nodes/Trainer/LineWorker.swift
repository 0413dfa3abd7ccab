import MawsBase
import MawsProtocol
import MawsWire

/// A greeted connection to a shard.
final class ShardLink {
    let end: LineEnd
    let origin: UInt64
    /// That of the exchange.
    var number: UInt64 = 0

    init(_ end: LineEnd, origin: UInt64) { (self.end, self.origin) = (end, origin) }

    var pulse: LinkPulse { LinkPulse(bytesSent: end.bytesSent, bytesReceived: end.bytesReceived) }
}

/// Does the exchange's orders of one line, one after the other, and says what came of them.
final class LineWorker {
    private let line: ExchangeLine
    private unowned let links: ShardLinks
    private let world: World
    private(set) var newest: ShardLink?
    private var orders: [(order: LineOrder, connection: UInt64, payload: ShardPayload)] = []
    private var isBusy = false
    /// What was received last.
    private var incoming = Letter(.heartbeat)

    init(_ line: ExchangeLine, _ links: ShardLinks) { (self.line, self.links, world) = (line, links, links.world) }

    func put(_ order: LineOrder, _ connection: UInt64, _ payload: ShardPayload) {
        orders.append((order, connection, payload))
        proceed()
    }

    func close(_ number: UInt64) {
        guard let link = newest, link.number == number else { return }
        newest = nil
        link.end.close()
    }

    private func proceed() {
        guard !isBusy, !orders.isEmpty else { return }
        isBusy = true
        let (order, connection, payload) = orders.removeFirst()
        world.after(world.workSeconds(links.process, 0.00001...0.0002), links.process) { [self] in
            perform(order, connection, payload)
        }
    }

    private func finish(_ connection: UInt64, _ event: LineEvent?) {
        isBusy = false
        if let event { links.step(.line(line, connection: connection, event)) }
        proceed()
    }

    private func perform(_ order: LineOrder, _ connection: UInt64, _ payload: ShardPayload) {
        if case .dial = order {
            return links.dial(line) { [self] link in
                if let link {
                    link.number = connection
                    newest = link
                }
                finish(connection, link == nil ? .notConnected(reason: "away") : .connected)
            }
        }
        // An order for a connection that was closed meanwhile is of no interest any more.
        guard let link = newest, link.number == connection else { return finish(connection, nil) }
        switch order {
        case .dial: break
        case .send(let request, let message): send(request, message, payload, link.end, connection)
        case .receive: receive(link.end, connection)
        case .read(let request):
            world.after(world.workSeconds(links.process, 0...0.001), links.process) { [self] in
                guard link.end.isOpen || !world.chance(links.process, 0.5) else {
                    return finish(connection, .broken(reason: "closed"))
                }
                if case .take(let body) = payload { body(incoming.message, incoming.cells) }
                finish(connection, .read(request))
            }
        }
    }

    private func send(
        _ request: RequestNumber, _ message: Message, _ payload: ShardPayload, _ end: LineEnd, _ connection: UInt64
    ) {
        guard case .send(let cells, let count) = payload else {
            let isSent = end.send(message)
            return finish(connection, isSent ? .sent(request) : .broken(reason: "closed"))
        }
        let isBegun = end.send(Letter(message, cells, payloadCount: count)) { [self] in
            finish(connection, end.isOpen ? .sent(request) : .broken(reason: "closed"))
        }
        if !isBegun { finish(connection, .broken(reason: "closed")) }
    }

    private func receive(_ end: LineEnd, _ connection: UInt64) {
        end.receive { [self] received in
            guard case .letter(let letter) = received else {
                return finish(connection, .broken(reason: "closed"))
            }
            incoming = letter
            finish(connection, .announced(letter.message))
        }
    }
}
