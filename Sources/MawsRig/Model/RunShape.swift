import MawsBase

/// The run of a world: its stages and how many of what, as plain numbers. Nodes make the protocol's tables of it, the
/// oracle its own truth.
package struct RunShape {
    package enum Kind {
        /// One phase; steps are committed.
        case training
        /// Units give something to all others in a first phase, as LiT's do.
        case exchanging
        /// Units return results; nothing is committed.
        case evaluation
    }

    package struct Block {
        package var name: Int
        package var chunks: Int
        package var isTrainable: Bool
    }

    package struct Stage {
        package var kind: Kind
        package var steps: Int
        package var units: Int
        package var blocks: [Block]
        /// The earlier stage whose final weights it starts from.
        package var source: Int?
        package var clipNorm: Double?
        /// Steps between checkpoints; nil: by time.
        package var checkpointSteps: Int?

        package var commits: Bool { kind != .evaluation }
    }

    package static let unitsMax = 8

    package var stages: [Stage]
    package var shards: Int
    package var trainers: Int
    /// What a trainer of usual speed takes for a unit.
    package var unitSeconds: Double
    package var leaseSeconds: Double
    package var checkpointSeconds: Double
    package var checkpointsKept: Int
    /// Neighbours that leave a trainer as one sum: 2^levels.
    package var sumLevels: Int

    package init(seed: UInt64) {
        var chance = Chance(seed: seed, .shape)
        shards = 1 + chance.below(3)
        trainers = 1 + chance.below(4)
        unitSeconds = chance.seconds(0.05...0.6)
        leaseSeconds = chance.pick([2, 5, 30])
        checkpointSeconds = chance.pick([1, 4, 1000])
        checkpointsKept = 1 + chance.below(3)
        sumLevels = chance.below(3)
        stages = []
        for index in 0..<2 + chance.below(2) {
            let stage = Self.stage(index, after: stages, &chance)
            stages.append(stage)
        }
    }

    private static func stage(_ index: Int, after earlier: [Stage], _ chance: inout Chance) -> Stage {
        let kinds: [Kind] = index == 0 ? [.training] : [.training, .exchanging, .exchanging, .evaluation]
        let kind = chance.pick(kinds)
        let source = index == 0 ? nil : earlier.indices.last { earlier[$0].commits }
        var blocks = (0..<2 + chance.below(3)).map { name in
            Block(name: name, chunks: 1 + chance.below(4), isTrainable: kind != .evaluation)
        }
        if let source {
            // What is taken over has its size.
            blocks = blocks.map { block in
                earlier[source].blocks.first { $0.name == block.name }.map {
                    Block(name: $0.name, chunks: $0.chunks, isTrainable: block.isTrainable)
                } ?? block
            }
            if kind != .evaluation, blocks[0].isTrainable { blocks[0].isTrainable = chance.happens(0.4) }
        }
        return Stage(
            kind: kind, steps: kind == .evaluation ? 1 : 2 + chance.below(5), units: 1 + chance.below(unitsMax),
            blocks: blocks, source: source, clipNorm: chance.happens(0.5) ? 40 : nil,
            checkpointSteps: chance.happens(0.5) ? 1 + chance.below(3) : nil)
    }
}
