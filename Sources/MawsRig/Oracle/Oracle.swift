/// What is true of a run whatever happens, asked apart from the protocol: it knows the truth of every version, and
/// hears what processes read, sum, apply, write and decide. The first thing that is not true ends its world.
package final class Oracle {
    package let truth: Truth
    private let shape: RunShape
    package private(set) var finding: Finding?
    /// Steps of a stage that are committed, as the last durable word of a coordinator says.
    private var committed = (stage: 0, step: UInt64(0))
    /// The coordinator that may commit.
    private var coordinator: ObjectIdentifier?
    /// Faults that cost state: what may be computed again for them.
    private var mayGoBack = false
    private var mayForget = false
    package private(set) var recomputedSteps = 0

    package init(_ truth: Truth, _ shape: RunShape) { (self.truth, self.shape) = (truth, shape) }

    package func find(_ kind: Finding.Kind, _ text: @autoclosure () -> String) {
        if finding == nil { finding = Finding(kind: kind, text: text()) }
    }

    /// What a core says of itself.
    package func check(_ violations: [String], of name: String) {
        if let first = violations.first { find(.invariant, "\(name): \(first)") }
    }

    // MARK: - What faults allow

    /// A state, or a checkpoint, was taken from the run.
    package func stateWasLost() { mayGoBack = true }
    /// The database was.
    package func databaseWasLost() { (mayGoBack, mayForget) = (true, true) }

    // MARK: - Steps

    package func reduced(stage: Int, step: UInt64, block: Int, from first: Int, _ cells: [Cell]) {
        guard let due = truth.stages[stage].steps[safely: Int(step)]?.gradient[block] else {
            return find(.gradient, "step \(step) of stage \(stage) is reduced and there is none")
        }
        for (chunk, cell) in cells.enumerated() where cell != due[first + chunk] {
            let place = "stage \(stage), step \(step), block \(block), chunk \(first + chunk)"
            guard cell.units == due[first + chunk].units else {
                return find(.units, "\(place): units count \(Self.counts(cell.units))")
            }
            return find(.gradient, "\(place): each unit counts once and the sum is another")
        }
    }

    /// How often each unit is in a sum.
    private static func counts(_ units: UInt64) -> [UInt64] { (0..<16).map { units >> (4 * $0) & 15 } }

    package func applied(
        stage: Int, version: UInt64, block: Int, from first: Int, _ weights: [UInt64], _ slots: [UInt64]
    ) {
        guard let due = truth.stages[stage].versions[safely: Int(version)] else {
            return find(.weights, "version \(version) of stage \(stage) is applied and there is none")
        }
        let chunks = first..<first + weights.count
        if weights != due.weights[block][chunks].map(\.digest) || slots != Array(due.slots[block][chunks]) {
            find(.weights, "chunks \(chunks) of block \(block) are not of version \(version), stage \(stage)")
        }
    }

    package func gathered(_ stage: Int, _ step: UInt64, block: Int, from first: Int, _ cells: [Cell], by name: String) {
        let version = truth.stages[stage].versions[safely: Int(step)]
        let due = version?.weights[block][first..<first + cells.count]
        if due.map({ !$0.elementsEqual(cells) }) ?? true {
            find(.reading, "\(name) gathers other weights than version \(step) of stage \(stage), block \(block)")
        }
    }

    package func torn(_ what: String) { find(.reading, what) }

    // MARK: - Commits

    package func coordinatorStarted(_ coordinator: ObjectIdentifier, stage: Int, step: UInt64) {
        self.coordinator = coordinator
        if (stage, step) < committed {
            if !mayForget { find(.lost, "a coordinator starts at step \(step) of stage \(stage)") }
            return went(to: stage, step)
        }
        let isNext = (stage, step) == committed || stage > committed.stage && step == 0
        if !isNext { find(.commit, "a coordinator starts at step \(step) of stage \(stage), which nobody committed") }
        committed = (stage, step)
    }

    package func committed(stage: Int, step: UInt64, values: [Double], by coordinator: ObjectIdentifier) {
        if coordinator != self.coordinator { find(.twoCoordinators, "step \(step) is committed by an older one") }
        if stage == committed.stage, step != committed.step {
            find(.lost, "step \(step) is committed after \(committed.step) steps of stage \(stage)")
        }
        if let due = truth.stages[stage].steps[safely: Int(step)] {
            if values != [due.norm, due.clipScale, due.loss, due.rate] {
                find(.commit, "step \(step) of stage \(stage) is committed with \(values)")
            }
        } else {
            find(.commit, "step \(step) of stage \(stage) is committed and there is none")
        }
        committed = (stage, step + 1)
    }

    package func rolledBack(_ stage: Int, _ step: UInt64) {
        if (stage, step) < committed, !mayGoBack {
            find(.lost, "\(committed) steps were committed, and the run goes back to \((stage, step))")
        }
        went(to: stage, step)
    }

    private func went(to stage: Int, _ step: UInt64) {
        if stage == committed.stage, step < committed.step { recomputedSteps += Int(committed.step - step) }
        committed = (stage, step)
    }

    package func recovered(_ stage: Int, _ step: UInt64) {
        if !mayForget { find(.lost, "the database is made again from step \(step) and was there") }
        went(to: stage, step)
    }

    // MARK: - Checkpoints and results

    package func checkpoint(_ stage: Int, _ step: UInt64, _ weights: [[UInt64]], _ slots: [[UInt64]]) {
        guard let due = truth.stages[stage].versions[safely: Int(step)] else {
            return find(.checkpoint, "there is no step \(step) of stage \(stage)")
        }
        for block in weights.indices {
            let isTrained = shape.stages[stage].blocks[block].isTrainable
            if weights[block] != due.weights[block].map(\.digest) || isTrained && slots[block] != due.slots[block] {
                find(.checkpoint, "checkpoint \(step) of stage \(stage) is not version \(step) in block \(block)")
            }
        }
    }

    package func recorded(_ stage: UInt32, _ unit: UInt32, _ result: [UInt8]) {
        guard let due = truth.stages[Int(stage)].results[safely: Int(unit)] else { return }
        let value = result.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        if value != due { find(.result, "unit \(unit) of stage \(stage) has another result") }
    }

    /// The run has ended: what it leaves.
    package func finished(_ checkpoints: [(stage: Int, step: UInt64)]) {
        for (stage, own) in shape.stages.enumerated() where own.commits {
            let isThere = checkpoints.contains { $0.stage == stage && $0.step == UInt64(own.steps) }
            if !isThere, !mayGoBack { find(.checkpoint, "stage \(stage) leaves no final checkpoint") }
        }
    }

    // MARK: - Bounds and blame

    package func uses(_ bytes: Int, of limit: Int, largest: Int) {
        if bytes > max(limit, largest) { find(.memory, "\(bytes) bytes of gradients where \(limit) may be") }
    }

    /// A process breaks the protocol, says another; none of them does.
    package func breach(_ text: String, by name: String, at place: String) {
        find(.blame, "\(place) says that \(name) breaks the protocol: \(text)")
    }

    package func blamed(_ text: String) { find(.blame, text) }
    package func stuck(_ text: String) { find(.progress, text) }
}

/// What is not true of a world, and was to be.
package struct Finding: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case units, gradient, weights, reading, commit, lost, checkpoint, result, memory, invariant, blame, progress
        case twoCoordinators
    }

    package var kind: Kind
    package var text: String
}

extension Array {
    subscript(safely index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
