import MawsBase
import MawsWire

extension ShardCore {
    /// What must be true after every event, and is not.
    package func violations() -> [String] {
        stateViolations() + stepViolations() + readerViolations() + frozenViolations()
    }

    private func stateViolations() -> [String] {
        var found: [String] = []
        if (configuration == nil) != (phase == .empty) { found.append("phase \(phase) and the configuration differ") }
        if let configuration {
            if configuration.term > term { found.append("the configuration is of a newer term than the shard's") }
            if slices.count != configuration.table.blocks.count { found.append("a block has no slice") }
        }
        if pendingConfiguration != nil && phase != .applying { found.append("a configuration waits for nothing") }
        if let previous, previous.next != version { found.append("two versions are served that do not follow") }
        return found
    }

    /// A step is reduced once, from every block that anything is pushed of, and of this version.
    private func stepViolations() -> [String] {
        guard phase == .serving || phase == .applying, let configuration else { return [] }
        var found: [String] = []
        let open = trees.count { $0 != nil }
        if openTrees < 0 || openTrees > open { found.append("\(openTrees) of \(open) sums are open") }
        if phase == .applying && !hasReduced { found.append("a commit is applied to what is not reduced") }
        if hasReduced && openTrees > 0 { found.append("the step is reduced and \(openTrees) sums are open") }
        if trees.contains(where: { $0.map { $0.unitCount != Int(configuration.unitsPerStep) } ?? false }) {
            found.append("a sum is not of all units of a step")
        }
        if unstored.contains(where: { trees[$0.block] == nil || $0.sum.step != version }) {
            found.append("a sum is stored that is not of this step")
        }
        if configuration.sharedRows.units > 0,
            sharedRows.contains(where: { $0.value >= configuration.sharedRows.units })
        {
            found.append("rows are kept of a unit that shares none")
        }
        return found
    }

    /// Nobody reads what is overwritten, and nobody waits for what is here.
    private func readerViolations() -> [String] {
        var found: [String] = []
        if phase == .applying && readers.values.contains(where: \.readsSlot) {
            found.append("a slot is read while it changes")
        }
        if !unstored.isEmpty && previous != nil { found.append("a version is served that is being overwritten") }
        guard phase == .serving || phase == .applying, let configuration else { return found }
        // A shard that has no part of what is trained overwrites nothing, whatever is read.
        let overwrites = configuration.table.blocks.indices.contains { block in
            configuration.table.blocks[block].isTrainable && !slices[block].isEmpty
        }
        if overwrites, readers.values.contains(where: { $0.version > version || $0.version.next < version }) {
            found.append("a version is read that is not here")
        }
        if waiting.contains(where: { $0.stage == configuration.stage && $0.step <= version }) {
            found.append("a gather waits for what is here")
        }
        let both = Set(waiting.map(\.request)).intersection(readers.keys)
        if !both.isEmpty { found.append("a request waits and reads") }
        return found
    }
}
