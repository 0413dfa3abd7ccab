import MawsBase
import MawsProtocol
import MawsWire

/// One line's thread: does the exchange's orders one after the other, and says what came of them.
final class LineWorker: Sendable {
    private struct Order {
        var connection: UInt64
        var order: LineOrder
        /// What the request sends or wants filled: this thread works on it even if the request is forgotten meanwhile.
        var payload: ShardPayload
    }

    /// What was received last, whose payload may have to be read.
    private typealias Incoming = (message: Message, payloadCount: Int)

    private struct State {
        var orders: [Order] = []
        var isEnded = false
    }

    private let orders = Monitor(State())
    /// The newest connection, which any thread may close.
    private let link = Monitor<(number: UInt64, connection: any ShardConnection)?>(nil)

    init(_ line: ExchangeLine, of links: ShardLinks) {
        startThread("\(line.purpose)-\(line.shard)") { [self, weak links] in
            var incoming: Incoming = (.heartbeat, 0)
            while let order = next() {
                guard let links else { return }
                perform(order, line, links, &incoming)
            }
            link.with { $0 }?.connection.close()
        }
    }

    /// Takes no other lock: it is called under the exchange's.
    func put(_ order: LineOrder, connection: UInt64, payload: ShardPayload) {
        orders.with { $0.orders.append(Order(connection: connection, order: order, payload: payload)) }
    }

    func close(_ number: UInt64) {
        let closed = link.with { link in
            defer { if link?.number == number { link = nil } }
            return link?.number == number ? link : nil
        }
        closed?.connection.close()
    }

    func end() { orders.with { $0.isEnded = true } }

    var newest: (number: UInt64, connection: any ShardConnection)? { link.read { $0 } }

    private func next() -> Order? {
        let next: Order?? = orders.wait { state in
            if !state.orders.isEmpty { return .some(state.orders.removeFirst()) }
            return state.isEnded ? .some(nil) : nil
        }
        return next ?? nil
    }

    private func perform(_ order: Order, _ line: ExchangeLine, _ links: ShardLinks, _ incoming: inout Incoming) {
        let number = order.connection
        guard order.order != .dial else {
            return links.step(.line(line, connection: number, dial(number, line, links)))
        }
        // An order for a connection that was closed meanwhile is of no interest any more.
        guard let (present, connection) = newest, present == number else { return }
        do {
            let event = try obey(order, on: connection, &incoming, from: { links.shard(line.shard) })
            links.step(.line(line, connection: number, event))
        } catch {
            links.step(.line(line, connection: number, .broken(reason: "\(error)")))
        }
    }

    private func dial(_ number: UInt64, _ line: ExchangeLine, _ links: ShardLinks) -> LineEvent {
        do {
            let connection = try links.dial(line)
            link.with { $0 = (number, connection) }
            return .connected
        } catch {
            return .notConnected(reason: "\(error)")
        }
    }

    private func obey(
        _ order: Order, on connection: any ShardConnection, _ incoming: inout Incoming, from shard: () -> ShardIdentity
    ) throws -> LineEvent {
        switch order.order {
        case .dial: preconditionFailure("a dial is not on a connection")
        case .send(let request, let message):
            try order.payload.send(message, on: connection)
            return .sent(request)
        case .receive:
            incoming = try connection.receive()
            return .announced(incoming.message)
        case .read(let request):
            try order.payload.receive(incoming.message, incoming.payloadCount, on: connection, from: shard())
            return .read(request)
        }
    }
}
