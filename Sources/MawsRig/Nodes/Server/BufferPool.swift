import MawsBase

/// Memory for gradients of one state, below a limit: who needs more waits for others to give theirs back.
final class BufferPool {
    private let world: World
    private let process: Process
    private let limitBytes: Int
    private(set) var bytesInUse = 0
    private var waiters: [(number: Int, bytes: Int, body: (Bool) -> Void)] = []
    private var count = 0
    var isUnbounded = false

    init(_ world: World, _ process: Process, limitBytes: Int) {
        (self.world, self.process, self.limitBytes) = (world, process, limitBytes)
        process.onDeath.append { [weak self] in self?.waiters = [] }
    }

    /// Says whether it came in time.
    func take(_ bytes: Int, waitSeconds: Double, _ body: @escaping (Bool) -> Void) {
        if hasRoom(bytes) {
            bytesInUse += bytes
            world.oracle.uses(bytesInUse, of: limitBytes, largest: bytes)
            return body(true)
        }
        count += 1
        let number = count
        waiters.append((number, bytes, body))
        world.after(waitSeconds, process) { [self] in
            guard let place = waiters.firstIndex(where: { $0.number == number }) else { return }
            waiters.remove(at: place).body(false)
        }
    }

    func give(_ bytes: Int) {
        bytesInUse -= bytes
        while let first = waiters.first, hasRoom(first.bytes) {
            waiters.removeFirst()
            bytesInUse += first.bytes
            world.after(0, process) { first.body(true) }
        }
    }

    private func hasRoom(_ bytes: Int) -> Bool {
        bytesInUse == 0 || bytesInUse + bytes <= limitBytes || isUnbounded
    }
}
