import MawsBase
import MawsProtocol
import MawsWire

/// What a coordinator does before its first event: opens the memory of the run, or makes it again from what else there
/// is, takes a new term, and finds out where the run stands.
struct RunStart {
    private static let planHash = "plan"

    let world: World
    let process: Process
    let disk: CoordinatorDisk
    let shape: RunShape
    /// The wall's clock, which may be wrong.
    let clockSeconds: UInt64

    enum Outcome {
        case core(CoordinatorCore, runID: String)
        case finished
        case failed(String)
    }

    func open(_ body: @escaping (Outcome) -> Void) {
        guard let isRecovered = openDatabase() else { return body(.failed("nothing to go on from")) }
        world.after(world.workSeconds(process, 0.01...0.3), process) {
            if disk.database == nil { disk.database = Database(runID: "run-\(world.number(process))", term: 0) }
            disk.database?.term += 1
            if isFinished, disk.settleFinals(shape), let position = disk.database?.position {
                world.oracle.rolledBack(Int(position.stage.value), position.step.value)
            }
            guard !isFinished else { return body(.finished) }
            world.after(world.workSeconds(process, 0.01...0.3), process) { body(core(isRecovered)) }
        }
    }

    private var isFinished: Bool {
        disk.database?.position.map { Int($0.stage.value) >= shape.stages.count } ?? false
    }

    /// - Returns: whether it was made again; nil where there is nothing that it can be made of.
    private func openDatabase() -> Bool? {
        let candidates = disk.checkpoints.map { position, checkpoint in
            StartChoice.Candidate(runID: checkpoint.runID, planHash: Self.planHash, position: position)
        }.sorted { $0.position < $1.position }
        let choice = StartChoice(planHash: Self.planHash, stageCount: shape.stages.count)
        var memory = StartChoice.Memory.empty
        if disk.isDatabaseDamaged {
            memory = .damaged
        } else if let known = disk.database {
            memory = .known(runID: known.runID, position: known.position)
        }
        let hasRecords = !disk.metrics.isEmpty || !disk.checkpoints.isEmpty || !disk.stageLines.isEmpty
        let ended = disk.isDatabaseDamaged ? [] : disk.database?.ended ?? []
        switch choice.verdict(memory, candidates, hasRecords: hasRecords, ended: ended) {
        case .begin, .goOn: return false
        case .recover(let found, let elseGoOn):
            for candidate in found where isWhole(candidate.position) {
                recover(candidate)
                return true
            }
            return elseGoOn ? false : nil
        }
    }

    private func isWhole(_ position: RunPosition) -> Bool {
        guard disk.checkpoints[position]?.isDamaged == true else { return true }
        disk.checkpoints[position] = nil
        return false
    }

    private func recover(_ found: StartChoice.Candidate) {
        let known = disk.isDatabaseDamaged ? nil : disk.database
        let term = StartChoice.term(after: known.map { Term($0.term) }, clockSeconds: clockSeconds)
        var made = known ?? Database(runID: found.runID, term: 0)
        (made.runID, made.term) = (found.runID, term.value)
        for (place, line) in disk.metrics where place < found.position { made.commits[place] = line }
        made.ended.formUnion(disk.stageLines.filter { $0 < found.position.stage })
        made.goBack(to: found.position)
        (disk.database, disk.isDatabaseDamaged) = (made, false)
        world.oracle.recovered(Int(found.position.stage.value), found.position.step.value)
        world.say("the database is made again from \(found.position)")
    }

    private func core(_ isRecovered: Bool) -> Outcome {
        guard let database = disk.database else { return .failed("no database") }
        var checkpoint: RunPosition?
        var lastCommit: Commit?
        if let position = database.position {
            checkpoint = disk.newestWhole(of: position.stage, upTo: position.step)
            let isForgotten = isRecovered || world.tampering.does(.forgetLastCommit)
            let line = isForgotten ? nil : database.lines(of: position.stage).last
            lastCommit = line?.message(term: Term(database.term))
        }
        let secret = (0..<32).map { _ in UInt8(truncatingIfNeeded: world.number(process)) }
        let core = CoordinatorCore(
            term: Term(database.term), runID: database.runID, stages: shape.protocolShapes(),
            shardCount: shape.shards, leaseSeconds: shape.leaseSeconds, position: database.position,
            checkpoint: checkpoint, lastCommit: lastCommit, finished: database.ended, dropsStep: isRecovered,
            excluded: database.excluded, secret: secret, now: world.now)
        return .core(core, runID: database.runID)
    }
}
