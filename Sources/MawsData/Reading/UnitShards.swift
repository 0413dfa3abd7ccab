import MawsBase
import MawsPlan

/// Which shards on other machines the units of a stage read: what a coordinator prefers a trainer by. It opens no
/// sample, and takes no notice of what is excluded.
package struct UnitShards: Sendable {
    private let stage: StagePlan
    private let order: SampleOrder?
    private let sources: [Source]

    private struct Source {
        let starts: ShardStarts
        let positions: SamplePositions
        let firstShard: Int
        let isRemote: [Bool]
    }

    /// Nil where nothing is known or nothing is gained: shards that are all on this machine, or samples that repeat by
    /// their labels, which only those know that have read them.
    package init?(plan: Plan, stage: StagePlan, stageIndex: UInt32, data: PlanData, root: String) throws {
        let repeats = stage.trains && plan.split(stage.on)?.resample != nil
        let sources = try stage.splits.compactMap {
            try Self.source($0, plan: plan, data: data, root: root)
        }
        guard !repeats, sources.contains(where: { $0.isRemote.contains(true) }) else { return nil }
        self.stage = stage
        self.sources = sources
        order = sources.last.flatMap { source in
            guard stage.trains else { return nil }
            return SampleOrder(
                plan: plan, stage: stage, stageIndex: stageIndex,
                shards: source.positions.groups(ofSamples: source.starts.sizes))
        }
    }

    private static func source(_ name: String, plan: Plan, data: PlanData, root: String) throws -> Source? {
        guard let split = plan.split(name), let number = data.splits.firstIndex(where: { $0.name == name }) else {
            return nil
        }
        let dataset = data.splits[number].dataset
        return Source(
            starts: dataset.starts,
            positions: try SamplePositions(
                dataset, split: split, root: root, resamples: false, vocabulary: LabelVocabulary()),
            firstShard: data.splits[..<number].reduce(0) { $0 + $1.dataset.starts.sizes.count },
            isRemote: dataset.remoteFiles.map { $0 != nil })
    }

    /// By unit of a step: what it reads of each remote shard, shards ascending.
    package func uses(step: UInt64) -> [[ShardUse]] {
        guard let order else { return evaluationUses() }
        return (0..<stage.unitsPerStep).map { unit in
            let first = step * UInt64(stage.batch) + UInt64(unit * stage.unit)
            return uses((first..<first + UInt64(stage.unit)).lazy.map { order.index(slot: $0) }, of: sources[0])
        }
    }

    private func evaluationUses() -> [[ShardUse]] {
        let units = EvaluationUnits(unit: stage.unit, splits: sources.map(\.positions))
        return (0..<units.count).map { unit in
            let (split, positions) = units.positions(of: unit)
            return uses(positions, of: sources[split])
        }
    }

    private func uses(_ positions: some Sequence<Int>, of source: Source) -> [ShardUse] {
        var samples: [Int: Int] = [:]
        for position in positions {
            let shard = source.starts.shard(of: source.positions.index(position))
            if source.isRemote[shard] { samples[source.firstShard + shard, default: 0] += 1 }
        }
        return samples.sorted { $0.key < $1.key }.map { ShardUse(shard: $0.key, samples: $0.value) }
    }
}
