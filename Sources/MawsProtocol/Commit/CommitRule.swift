import MawsBase
import MawsWire

/// What becomes of a step of which all losses and all shards' reports are known: a pure function of them, of the plan
/// and of the stage's durable commits, so that whoever decides it again decides the same.
package struct CommitRule: Sendable {
    package enum Verdict: Hashable, Sendable {
        case commit(loss: Double, gradientNorm: Double, clipScale: Double)
        /// The step is committed as a skipped one, the `number`-th in a row: version *t* + 1 is version *t*; the step,
        /// its samples and its place in the schedule are used up.
        case skip(NonFiniteValues, number: Int, loss: Double)
        /// The run ends; `skipped` steps in a row were skipped before.
        case stop(NonFiniteValues, skipped: Int)
        /// The reports are not of the table's chunks.
        case misfit
    }

    /// A commit of the stage before this one.
    package struct Earlier: Hashable, Sendable {
        package var loss: Double
        package var clipScale: Double

        package init(loss: Double, clipScale: Double) { (self.loss, self.clipScale) = (loss, clipScale) }
    }

    let table: BlockTable
    let clipNorm: Double?
    let skipsMax: Int

    /// - Parameters:
    ///   - clipNorm: nil: the gradient is never clipped.
    ///   - skipsMax: steps in a row that may be skipped as not finite.
    package init(table: BlockTable, clipNorm: Double?, skipsMax: Int) {
        (self.table, self.clipNorm, self.skipsMax) = (table, clipNorm, skipsMax)
    }

    /// Whether a shard's sums of squares can be those of its slices of the table.
    package func takes(_ squares: [Double], of shard: ShardIdentity) -> Bool {
        let slices = ShardLayout(table: table, shard: shard).slices
        let due = table.blocks.indices.filter { table.blocks[$0].isTrainable }
            .reduce(0) { $0 + ShardLayout.chunkCount(slices[$1].count) }
        return squares.count == due && !squares.contains { $0 < 0 }
    }

    /// - Parameters:
    ///   - losses: each unit's share of the step's loss, which is their sum.
    ///   - chunkSquares: the sums of squares of each shard's chunks, in the order of shards.
    ///   - earlier: the stage's commits, in the order of their steps; looked up only where it matters.
    package func verdict(
        losses: [Double], chunkSquares: [[Double]], earlier: () throws -> [Earlier]
    ) rethrows -> Verdict {
        guard let norm = GradientNorm.norm(table: table, shards: chunkSquares) else { return .misfit }
        let loss = losses.reduce(0, +)
        if loss.isFinite && norm.isFinite {
            return .commit(loss: loss, gradientNorm: norm, clipScale: clipScale(of: norm))
        }
        let values = NonFiniteValues(
            units: losses.indices.filter { !losses[$0].isFinite }.map { UInt32($0) },
            blocks: GradientNorm.nonFiniteBlocks(table: table, shards: chunkSquares).map { table.blocks[$0].name })
        let commits = try earlier()
        switch NonFiniteRule.verdict(skipsMax: skipsMax, clipScales: commits.map(\.clipScale)) {
        case .stop(let skipped): return .stop(values, skipped: skipped)
        case .skip(let number):
            return .skip(values, number: number, loss: Self.known(losses) ?? commits.last?.loss ?? 0)
        }
    }

    /// Whether a durable commit is one that this rule makes of its norm: SQLite does not notice a changed figure.
    package func makes(clipScale: Double, ofNorm norm: Double) -> Bool {
        [0, self.clipScale(of: norm)].contains(clipScale)
    }

    package func clipScale(of norm: Double) -> Double { GradientNorm.clipScale(norm: norm, clipNorm: clipNorm) }

    /// The step's loss as far as its units have one, as if the others had the mean of these; nil where none has.
    private static func known(_ losses: [Double]) -> Double? {
        let finite = losses.filter(\.isFinite)
        let loss = finite.reduce(0, +) / Double(finite.count) * Double(losses.count)
        return loss.isFinite ? loss : nil
    }
}

/// What is not finite in a step.
package struct NonFiniteValues: Hashable, Sendable {
    /// Units whose loss is not, ascending.
    package var units: [UInt32]
    /// Names of the blocks whose reduced gradient is not, in the table's order.
    package var blocks: [String]

    package init(units: [UInt32], blocks: [String]) { (self.units, self.blocks) = (units, blocks) }
}
