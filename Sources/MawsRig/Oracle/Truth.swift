/// What a run must come to, found without the protocol: one loop over stages, steps and units, in plain numbers.
package struct Truth {
    package struct Version {
        /// By block and chunk.
        package var weights: [[Cell]]
        package var slots: [[UInt64]]
    }

    package struct Step {
        /// The sum over all units, by block and chunk.
        package var gradient: [[Cell]]
        package var norm: Double
        package var clipScale: Double
        package var loss: Double
        package var rate: Double
    }

    package struct Stage {
        /// One more than steps.
        package var versions: [Version]
        package var steps: [Step]
        /// By unit, of an evaluation.
        package var results: [UInt64]
    }

    package private(set) var stages: [Stage] = []

    package init(_ arithmetic: Arithmetic) {
        for index in arithmetic.shape.stages.indices {
            stages.append(stage(index, arithmetic))
        }
    }

    private func stage(_ index: Int, _ arithmetic: Arithmetic) -> Stage {
        let own = arithmetic.shape.stages[index]
        var version = beginning(index, arithmetic)
        guard own.kind != .evaluation else {
            let activation = arithmetic.activation(version.weights)
            let results = (0..<own.units).map { arithmetic.result(index, unit: UInt32($0), activation) }
            return Stage(versions: [version], steps: [], results: results)
        }
        var (versions, steps) = ([version], [Step]())
        for step in 0..<own.steps {
            let made = self.step(index, UInt64(step), version, arithmetic)
            for block in own.blocks.indices where own.blocks[block].isTrainable {
                for chunk in 0..<own.blocks[block].chunks {
                    let next = arithmetic.update(
                        version.weights[block][chunk].digest, version.slots[block][chunk],
                        made.gradient[block][chunk].digest, rate: made.rate, clipScale: made.clipScale)
                    version.weights[block][chunk] = Cell(digest: next.weight)
                    version.slots[block][chunk] = next.slot
                }
            }
            versions.append(version)
            steps.append(made)
        }
        return Stage(versions: versions, steps: steps, results: [])
    }

    private func beginning(_ index: Int, _ arithmetic: Arithmetic) -> Version {
        let own = arithmetic.shape.stages[index]
        let weights = own.blocks.indices.map { block -> [Cell] in
            if let source = own.source, let final = stages[source].versions.last,
                let earlier = arithmetic.shape.stages[source].blocks.firstIndex(where: {
                    $0.name == own.blocks[block].name
                })
            {
                return final.weights[earlier]
            }
            return (0..<own.blocks[block].chunks).map {
                Cell(digest: arithmetic.initial(index, block: block, chunk: $0))
            }
        }
        return Version(weights: weights, slots: weights.map { $0.map { _ in 0 } })
    }

    private func step(_ index: Int, _ step: UInt64, _ version: Version, _ arithmetic: Arithmetic) -> Step {
        let own = arithmetic.shape.stages[index]
        let activation = arithmetic.activation(version.weights)
        let units = (0..<own.units).map { UInt32($0) }
        var rows: UInt64 = 0
        if own.kind == .exchanging {
            rows = Digest.of(units.map { arithmetic.rows(index, step: step, unit: $0, activation) })
        }
        let gradient = own.blocks.indices.map { block in
            (0..<own.blocks[block].chunks).map { chunk in
                Self.sum(
                    units.map {
                        arithmetic.gradient(
                            index, step: step, unit: $0, block: block, chunk: chunk, activation, rows: rows)
                    })
            }
        }
        let norm = Self.norm(gradient, own)
        let loss = units.map { arithmetic.loss(index, step: step, unit: $0, activation, rows: rows) }.reduce(0, +)
        return Step(
            gradient: gradient, norm: norm, clipScale: own.clipNorm.map { min(1, $0 / (norm + 1e-6)) } ?? 1, loss: loss,
            rate: arithmetic.learningRate(index, step: step))
    }

    /// Neighbours first, then neighbours of those; who has none goes up as it is.
    private static func sum(_ cells: [Cell]) -> Cell {
        var row = cells
        while row.count > 1 {
            row = stride(from: 0, to: row.count, by: 2).map { left in
                left + 1 < row.count ? row[left] + row[left + 1] : row[left]
            }
        }
        return row[0]
    }

    /// Squares are added in the order of blocks and chunks.
    private static func norm(_ gradient: [[Cell]], _ own: RunShape.Stage) -> Double {
        var sum = 0.0
        for block in own.blocks.indices where own.blocks[block].isTrainable {
            for cell in gradient[block] { sum += Double(cell.digest % 4096) + 1 }
        }
        return sum.squareRoot()
    }
}
