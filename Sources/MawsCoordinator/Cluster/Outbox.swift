import Foundation
import MawsBase
import MawsTransport
import MawsWire

/// What is on its way to one peer. Any thread puts orders in and waits for nothing; a thread of the connection's own
/// writes them, and between orders the slices of a restore. A peer that does not read fills its own outbox and no
/// other.
package final class Outbox: @unchecked Sendable {
    package struct Dropped: Error {
        package init() {}
    }

    /// How long the last words may take to reach the peer.
    private static let farewellSeconds = 2.0

    private struct Slice {
        let number: UInt64
        let frame: [UInt8]
        let bytes: UnsafeRawBufferPointer
    }

    private let connection: Connection
    private let bytesMax: Int
    /// Guards everything below.
    private let condition = MonotonicCondition()
    private var orders: [[UInt8]] = []
    private var orderBytes = 0
    /// The newest of the answers that replace each other.
    private var newest: [UInt8]?
    private var slice: Slice?
    private var slicesTaken: UInt64 = 0
    private var slicesWritten: UInt64 = 0
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
        locked { if orders.isEmpty && slice == nil && !isWriting { add(frame) } }
    }

    /// Takes the place of an answer that was not sent yet.
    package func replace(_ message: Message) {
        guard let frame = try? Connection.frame(message) else { return }
        locked { if !isLeaving && !isEnded { newest = frame } }
    }

    /// Writes a slice behind the orders that are there; returns when it is written. Throws `Dropped` where orders that
    /// came meanwhile make it void, or it is `isVoid` by now.
    package func write(_ message: Message, slice bytes: UnsafeRawBufferPointer, isVoid: () -> Bool) throws {
        let frame = try Connection.frame(message, payloadCount: bytes.count)
        condition.lock()
        defer { condition.unlock() }
        if isVoid() || isLeaving { throw Dropped() }
        slicesTaken += 1
        let own = Slice(number: slicesTaken, frame: frame, bytes: bytes)
        slice = own
        condition.broadcast()
        while slice?.number == own.number && !isEnded { condition.wait() }
        // The bytes are the writer's until it is through with them.
        while isWriting && slicesWritten < own.number { condition.wait() }
        if slicesWritten < own.number { throw Dropped() }
    }

    /// A slice that is not being written yet will not be.
    package func dropSlices() { locked { slice = nil } }

    /// Says this after all that is on its way, and ends the connection a little later.
    package func finish(_ message: Message) {
        guard let frame = try? Connection.frame(message) else { return }
        locked {
            guard !isLeaving else { return }
            (newest, slice) = (nil, nil)
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

    private enum Work {
        case frames([[UInt8]])
        case slice(Slice)
    }

    private func write() {
        while let work = next() {
            do {
                switch work {
                case .frames(let frames):
                    try connection.send(frame: frames.count == 1 ? frames[0] : frames.reduce([], +))
                case .slice(let slice): try connection.send(frame: slice.frame, payload: slice.bytes)
                }
            } catch {
                locked {
                    problem = problem ?? "\(error)"
                    isEnded = true
                }
                connection.close()
            }
            written(work)
        }
        if locked({ isLeaving && !isEnded }) { leave() }
    }

    /// Nil when nothing more is to be written.
    private func next() -> Work? {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if isEnded { return nil }
            if let work = take() {
                isWriting = true
                return work
            }
            if isLeaving { return nil }
            condition.wait()
        }
    }

    private func take() -> Work? {
        if !orders.isEmpty {
            defer { (orders, orderBytes) = ([], 0) }
            return .frames(orders)
        }
        if let frame = newest {
            newest = nil
            return .frames([frame])
        }
        guard let found = slice else { return nil }
        slice = nil
        return .slice(found)
    }

    private func written(_ work: Work) {
        locked {
            isWriting = false
            if case .slice(let slice) = work, !isEnded { slicesWritten = slice.number }
        }
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
