import Foundation
import MawsBase
import MawsWire

/// What is on its way to one peer. Any thread puts messages in and waits for nothing; a thread of the connection's own
/// writes them. A peer that does not read fills its own outbox and no other.
package final class Outbox: @unchecked Sendable {
    /// How long the last words may take to reach the peer.
    private static let farewellSeconds = 2.0

    private let connection: Connection
    private let bytesMax: Int
    /// Guards everything below.
    private let condition = MonotonicCondition()
    private var orders: [[UInt8]] = []
    private var orderBytes = 0
    /// The newest of the answers that replace each other.
    private var newest: [UInt8]?
    private var isWriting = false
    private var isLeaving = false
    private var isEnded = false
    private var problem: String?

    package init(_ connection: Connection, bytesMax: Int) {
        (self.connection, self.bytesMax) = (connection, bytesMax)
        Thread.detachNewThread { [self] in write() }
    }

    /// Why the connection was ended from here.
    package var failure: String? { locked { problem } }

    /// Whether the peer was sent its last words: what it says is of no interest any more.
    package var isFinishing: Bool { locked { isLeaving || isEnded } }

    /// Puts an order at the end of the line. A peer that does not read its orders is ended.
    package func put(_ message: Message) {
        guard let frame = try? Connection.frame(message) else { return }
        locked { add(frame) }
    }

    /// As `put`, unless anything is on its way: that says as much.
    package func beat() {
        guard let frame = try? Connection.frame(.heartbeat) else { return }
        locked { if orders.isEmpty && !isWriting { add(frame) } }
    }

    /// Takes the place of an answer that was not sent yet.
    package func replace(_ message: Message) {
        guard let frame = try? Connection.frame(message) else { return }
        locked { if !isLeaving && !isEnded { newest = frame } }
    }

    /// Says this after all that is on its way, and ends the connection a little later.
    package func finish(_ message: Message) {
        guard let frame = try? Connection.frame(message) else { return }
        locked {
            guard !isLeaving else { return }
            newest = nil
            add(frame)
            isLeaving = true
        }
    }

    /// Ends the connection.
    package func end() {
        locked { isEnded = true }
        connection.close()
    }

    /// Waits until everything is written, or the connection is ended.
    package func wait(until deadline: Moment) {
        condition.lock()
        defer { condition.unlock() }
        while !isEnded && (!orders.isEmpty || isWriting), condition.wait(until: deadline) {}
    }

    // MARK: - Behind the lock

    private func locked<Result>(_ body: () -> Result) -> Result {
        condition.lock()
        defer {
            condition.broadcast()
            condition.unlock()
        }
        return body()
    }

    private func add(_ frame: [UInt8]) {
        guard !isLeaving && !isEnded else { return }
        // One order always has room, however large.
        guard orders.isEmpty || orderBytes + frame.count <= bytesMax else {
            problem = "it does not read what it is sent: \(orderBytes) bytes wait for it"
            isEnded = true
            return connection.close()
        }
        orders.append(frame)
        orderBytes += frame.count
    }

    // MARK: - The writing thread

    private func write() {
        while let frame = next() {
            do {
                try connection.send(frame: frame)
            } catch {
                locked {
                    problem = problem ?? "\(error)"
                    isEnded = true
                }
                connection.close()
            }
            locked { isWriting = false }
        }
        if locked({ isLeaving && !isEnded }) { leave() }
    }

    /// Frames to be written together; nil when nothing more is.
    private func next() -> [UInt8]? {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if isEnded { return nil }
            if let frames = take() {
                isWriting = true
                return frames
            }
            if isLeaving { return nil }
            condition.wait()
        }
    }

    private func take() -> [UInt8]? {
        if !orders.isEmpty {
            defer { (orders, orderBytes) = ([], 0) }
            return orders.count == 1 ? orders[0] : orders.reduce([], +)
        }
        defer { newest = nil }
        return newest
    }

    /// The receiving thread reads on meanwhile, so that the last words are not lost with unread bytes.
    private func leave() {
        connection.endSending()
        condition.lock()
        let deadline = Moment.now() + Self.farewellSeconds
        while !isEnded, condition.wait(until: deadline) {}
        condition.unlock()
        end()
    }
}
