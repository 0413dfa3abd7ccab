import MawsBase

/// What stands for the arithmetic of a ViT: exact, and so that whatever is left out, counted twice or taken from
/// another version, unit or order gives other weights.
package struct Arithmetic {
    let seed: UInt64
    let shape: RunShape
    let tables: [BlockTable]
    /// By stage and shard.
    let layouts: [[ShardLayout]]

    package init(seed: UInt64, shape: RunShape) {
        (self.seed, self.shape) = (seed, shape)
        tables = shape.stages.indices.map(shape.table)
        layouts = tables.map { table in
            (0..<shape.shards).map {
                ShardLayout(table: table, shard: ShardIdentity(index: $0, count: shape.shards))
            }
        }
    }

    /// A chunk of a parameter as it is drawn.
    func initial(_ stage: Int, block: Int, chunk: Int) -> UInt64 {
        Digest.of(seed, 1, UInt64(stage), UInt64(shape.stages[stage].blocks[block].name), UInt64(chunk))
    }

    /// What a forward pass makes of all weights.
    func activation(_ weights: [[Cell]]) -> UInt64 {
        weights.reduce(2) { Digest.of($1, from: $0) }
    }

    /// What a unit gives to all others of its step.
    func rows(_ stage: Int, step: UInt64, unit: UInt32, _ activation: UInt64) -> Cell {
        Cell(digest: Digest.of(seed, 3, UInt64(stage), step, UInt64(unit), activation))
    }

    /// - Parameter rows: what all units gave, in their order.
    func gradient(
        _ stage: Int, step: UInt64, unit: UInt32, block: Int, chunk: Int, _ activation: UInt64, rows: UInt64
    ) -> Cell {
        let place = UInt64(stage) << 56 | step << 40 | UInt64(unit) << 24 | UInt64(block) << 12 | UInt64(chunk)
        return Cell(digest: Digest.of(seed, place, activation, rows), units: 1 << (4 * UInt64(unit)))
    }

    func loss(_ stage: Int, step: UInt64, unit: UInt32, _ activation: UInt64, rows: UInt64) -> Double {
        Double(Digest.of(seed, 5, UInt64(stage), step, UInt64(unit), activation, rows) % 1024) / 1024
    }

    func result(_ stage: Int, unit: UInt32, _ activation: UInt64) -> UInt64 {
        Digest.of(seed, 6, UInt64(stage), UInt64(unit), activation)
    }

    func learningRate(_ stage: Int, step: UInt64) -> Double { 1 / Double(1 + UInt64(stage) + step) }

    /// A chunk's weight and slot after a step.
    func update(_ weight: UInt64, _ slot: UInt64, _ gradient: UInt64, rate: Double, clipScale: Double) -> (
        weight: UInt64, slot: UInt64
    ) {
        let next = Digest.of(7, slot, gradient, clipScale.bitPattern)
        return (Digest.of(8, weight, next, rate.bitPattern), next)
    }
}
