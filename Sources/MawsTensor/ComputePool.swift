import Foundation
import Synchronization

/// The compute threads of a backend, or of a server's update. Work comes in numbered pieces whose borders do not depend
/// on the number of threads.
///
/// One caller at a time.
package final class ComputePool: Sendable {
    package let threads: Int
    private let crew: Crew

    package init(threads: Int) {
        self.threads = threads
        crew = Crew(workers: threads)
        for worker in 1..<max(threads, 1) {
            let thread = Thread { [crew] in crew.work(as: worker) }
            thread.name = "compute \(worker)"
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    deinit { crew.stop() }

    /// Calls `body(piece, worker)` once for each piece in 0..<count, on any thread in any order, and returns when all
    /// are done. `worker` is below `threads` and is never used by two pieces at once.
    package func run(_ count: Int, _ body: (_ piece: Int, _ worker: Int) -> Void) {
        if threads == 1 || count <= 1 {
            for piece in 0..<count { body(piece, 0) }
            return
        }
        withoutActuallyEscaping(body) { crew.run(count, $0) }
    }
}

/// What the threads of a pool share.
private final class Crew: @unchecked Sendable {
    private let condition = NSCondition()
    private let nextPiece = Atomic<Int>(0)
    private let workers: Int
    // Guarded by `condition`.
    private var job: ((Int, Int) -> Void)?
    private var pieces = 0
    private var generation = 0
    private var busy = 0
    private var isStopped = false

    init(workers: Int) {
        self.workers = workers
    }

    func run(_ count: Int, _ body: @escaping (Int, Int) -> Void) {
        condition.lock()
        job = body
        pieces = count
        nextPiece.store(0, ordering: .relaxed)
        busy = workers - 1
        generation += 1
        condition.broadcast()
        condition.unlock()
        takePieces(body, count, worker: 0)
        condition.lock()
        while busy > 0 { condition.wait() }
        job = nil
        condition.unlock()
    }

    func work(as worker: Int) {
        var seen = 0
        condition.lock()
        while true {
            while generation == seen && !isStopped { condition.wait() }
            if isStopped { break }
            seen = generation
            guard let body = job else { continue }
            let count = pieces
            condition.unlock()
            takePieces(body, count, worker: worker)
            condition.lock()
            busy -= 1
            if busy == 0 { condition.broadcast() }
        }
        condition.unlock()
    }

    func stop() {
        condition.lock()
        isStopped = true
        condition.broadcast()
        condition.unlock()
    }

    private func takePieces(_ body: (Int, Int) -> Void, _ count: Int, worker: Int) {
        while true {
            let piece = nextPiece.wrappingAdd(1, ordering: .relaxed).oldValue
            if piece >= count { return }
            body(piece, worker)
        }
    }
}
