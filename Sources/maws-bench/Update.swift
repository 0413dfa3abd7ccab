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
    private let moments: [(first: FloatBuffer, second: FloatBuffer)]
    private let sums: BlockMemory?
    private let units: Int
    private var pushes: [Int]
    private let zeros = FloatBuffer(count: Update.grain)
    private let backend: ComputeBackend
    private let optimizer = AdamW(beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.05)

    /// - Parameter units: of a step.
    init(_ weights: BlockMemory, units: Int, backend: ComputeBackend) {
        self.weights = weights
        self.units = units
        self.backend = backend
        let table = weights.table
        pushes = Array(repeating: 0, count: table.blocks.count)
        sums = units > 1 ? BlockMemory(trainableOf: table) : nil
        moments = table.blocks.map { (Self.moment(of: $0), Self.moment(of: $0)) }
    }

    /// Moments of words that no caption had stay zero, and take no memory.
    private static func moment(of block: ParameterBlock) -> FloatBuffer {
        let count = block.isTrainable ? block.count : 0
        return block.name == "text.embed" ? FloatBuffer(sparse: count) : FloatBuffer(count: count)
    }

    func push(_ block: Int, _ gradient: FloatBuffer) {
        pushes[block] += 1
        guard let sum = sums?.buffers[block] else { return update(block, gradient) }
        let isFirst = pushes[block] % units == 1
        backend.forEach((sum.count + Self.grain - 1) / Self.grain) { piece, lane in
            let range = piece * Self.grain..<min((piece + 1) * Self.grain, sum.count)
            let (total, part) = (sum.slice(range), gradient.slice(range))
            if isFirst { total.copy(from: part) } else { lane.add(total, total, part) }
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
            let moments = MomentSlice(
                MomentLayout(weights.table.blocks[block], .fp32), slice: 0..<weights.buffers[block].count,
                first: self.moments[block].first.pointer, second: self.moments[block].second.pointer)
            let state = weights.buffers[block].pointer + range.lowerBound
            optimizer.update(
                block, of: weights.table, range: range, step: StepIndex(0), learningRate: 1e-4, clipScale: 1,
                weights: state, gradient: pieces[piece].values.pointer, next: state, moments: moments)
        }
        weights.gather(block).refresh()
    }
}
