internal import CVectorLoops
import MawsBase
import MawsTensor

/// The operations a model is made of, on a fixed number of threads.
///
/// An operation called on the backend itself uses all of its threads. `forEach` gives whole pieces of work to single
/// threads, each with a **worker**: a backend of that one thread, with scratch memory of its own. Pieces never depend
/// on the number of threads, so neither do results.
///
/// Order of arguments: outputs, inputs, shapes. The accumulate rule, for every backward operation: **gradients of
/// activations are written; gradients of parameters are added to**, so that the caller zeroes a block's gradient once.
/// An optional output that is nil is not computed. Slices of outputs and inputs do not overlap unless the operation
/// says that it works in place. The operations are in the other files of this folder, forward and backward side by
/// side.
///
/// One caller at a time.
package final class ComputeBackend: @unchecked Sendable {
    package let threads: Int
    /// With `operands` everything that decides the bits.
    package let profile: ComputeProfile
    /// How activations that enter matrix products are kept.
    package let operands: ElementType
    /// Memory of this backend's or worker's current operation or piece; whoever takes gives back.
    package let scratch = Workspace()
    let loops: MawsVectorLoops
    let products: any MatrixProducts
    /// Whether memory is taken and nothing computed; see `rehearsal`.
    let rehearses: Bool
    /// Nil in a worker.
    private let team: Team?

    private struct Team {
        let pool: ComputePool
        let workers: [ComputeBackend]
    }

    /// - Parameter makeProducts: called once for each thread.
    convenience init(
        threads: Int, profile: ComputeProfile, operands: ElementType, loops: MawsVectorLoops, rehearses: Bool = false,
        makeProducts: () -> any MatrixProducts
    ) {
        precondition(threads > 0)
        let workers = (0..<threads).map { _ in
            ComputeBackend(1, profile, operands, loops, makeProducts(), rehearses, team: nil)
        }
        let team = Team(pool: ComputePool(threads: threads), workers: workers)
        self.init(threads, profile, operands, loops, workers[0].products, rehearses, team: team)
    }

    private init(
        _ threads: Int, _ profile: ComputeProfile, _ operands: ElementType, _ loops: MawsVectorLoops,
        _ products: any MatrixProducts, _ rehearses: Bool, team: Team?
    ) {
        (self.threads, self.profile, self.operands, self.loops) = (threads, profile, operands, loops)
        (self.products, self.rehearses, self.team) = (products, rehearses, team)
    }

    /// Whether this is one thread's part of a backend.
    var isWorker: Bool { team == nil }

    /// Calls `body` once for each piece in 0..<count, in any order, each on one thread with that thread's worker.
    package func forEach(_ count: Int, _ body: (_ piece: Int, _ worker: ComputeBackend) -> Void) {
        if rehearses { return rehearse(count) { body($0, team?.workers[0] ?? self) } }
        guard let team else {
            for piece in 0..<count { body(piece, self) }
            return
        }
        team.pool.run(count) { piece, thread in body(piece, team.workers[thread]) }
    }

    /// The same for ranges of `grain` elements of 0..<count.
    func forEachRange(of count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
        forEach((count + grain - 1) / grain) { piece, _ in body(piece * grain..<min((piece + 1) * grain, count)) }
    }

    /// Pieces of one operation take the same memory but for remainders: a few stand for all.
    private func rehearse(_ count: Int, _ body: (_ piece: Int) -> Void) {
        let few = isWorker ? 2 : 5
        if count <= few { return (0..<count).forEach(body) }
        for index in 0..<few { body(index * (count - 1) / (few - 1)) }
    }

    /// Bytes of one thread's scratch memory.
    package var workerByteCount: Int {
        team.map { $0.workers[0].workerByteCount } ?? scratch.byteCount + products.scratchByteCount
    }
}
