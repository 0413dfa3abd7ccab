import MawsBase
import MawsKernels
import MawsModel
import MawsOptimizer
import MawsSum
import MawsTensor

/// AdamW on a block as soon as the gradients of all units are there and added up, as the servers of a run would do it.
final class Update: GradientSink {
    /// Elements that one thread updates at a time.
    private static let grain = 1 << 16

    private let weights: BlockMemory
    private let slots: [[SlotSlice]]
    /// What the slots lie in.
    private let moments: [[FloatBuffer]]
    private let sums: BlockMemory?
    private let units: Int
    private var pushes: [Int]
    private let zeros = FloatBuffer(count: Update.grain)
    private let backend: ComputeBackend
    private let table: BlockTable
    private let optimizer = WeightUpdate(
        OptimizerConfiguration(.adamw(beta1: 0.9, beta2: 0.95, epsilon: 1e-8), weightDecay: 0.05))

    /// - Parameter units: of a step.
    init(_ weights: BlockMemory, units: Int, backend: ComputeBackend) {
        self.weights = weights
        self.units = units
        self.backend = backend
        table = BlockTable(blocks: weights.table.blocks, slots: WeightSlot.adamw())
        pushes = Array(repeating: 0, count: table.blocks.count)
        sums = units > 1 ? BlockMemory(trainableOf: table) : nil
        moments = table.blocks.map { block in block.slots.map { _ in Self.moment(of: block) } }
        slots = zip(table.blocks, moments).map { block, moments in
            zip(block.slots, moments).map {
                SlotSlice($0, of: block, slice: 0..<block.count, memory: UnsafeMutableRawPointer($1.pointer))
            }
        }
    }

    /// Moments of words that no caption had stay zero, and take no memory.
    private static func moment(of block: ParameterBlock) -> FloatBuffer {
        block.name == "text.embed" ? FloatBuffer(sparse: block.count) : FloatBuffer(count: block.count)
    }

    func push(_ block: Int, _ gradient: FloatBuffer) {
        pushes[block] += 1
        guard let sum = sums?.buffers[block] else { return update(block, gradient) }
        let isFirst = pushes[block] % units == 1
        backend.forEach((sum.count + Self.grain - 1) / Self.grain) { piece, worker in
            let range = piece * Self.grain..<min((piece + 1) * Self.grain, sum.count)
            let (total, part) = (sum.slice(range), gradient.slice(range))
            if isFirst { total.copy(from: part) } else { worker.add(total, total, part) }
        }
        if pushes[block] % units == 0 { update(block, sum) }
    }

    /// What lies between the pieces has a gradient of zero and is updated all the same.
    func push(_ block: Int, _ gradient: SparseGradient) throws {
        guard sums == nil else { return push(block, gradient.dense()) }
        var pieces: [SparseGradient.Piece] = []
        var end = 0
        for piece in gradient.pieces {
            pieces += cut(zeros: end..<piece.range.lowerBound) + cut(piece)
            end = piece.range.upperBound
        }
        update(block, pieces + cut(zeros: end..<gradient.count))
    }

    private func cut(zeros range: Range<Int>) -> [SparseGradient.Piece] {
        stride(from: range.lowerBound, to: range.upperBound, by: Self.grain).map {
            .init(start: $0, values: zeros.slice(0..<min(Self.grain, range.upperBound - $0)))
        }
    }

    private func cut(_ piece: SparseGradient.Piece) -> [SparseGradient.Piece] {
        stride(from: 0, to: piece.values.count, by: Self.grain).map {
            .init(
                start: piece.range.lowerBound + $0,
                values: piece.values.part($0, min(Self.grain, piece.values.count - $0)))
        }
    }

    private func update(_ block: Int, _ gradient: FloatBuffer) {
        update(block, cut(.init(start: 0, values: gradient.all)))
    }

    /// - Parameter pieces: all of the block, each for one thread.
    private func update(_ block: Int, _ pieces: [SparseGradient.Piece]) {
        backend.forEach(pieces.count) { piece, _ in
            let range = pieces[piece].range
            let state = weights.buffers[block].pointer + range.lowerBound
            optimizer.update(
                block, of: table, range: range, step: StepIndex(0), learningRate: 1e-4, clipScale: 1,
                weights: state, gradient: pieces[piece].values.pointer, next: state, slots: slots[block])
        }
        weights.gather(block).refresh()
    }
}
