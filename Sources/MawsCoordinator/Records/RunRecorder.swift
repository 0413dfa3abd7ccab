import Foundation
import MawsBase
import MawsData
import MawsDatabase
import MawsFiles
import MawsPlan
import MawsProtocol
import MawsRecords
import MawsTraining
import MawsWire

/// Writes what a run leaves behind: metrics by step, results of evaluations, skipped samples; and sums stages up.
package final class RunRecorder {
    private static let skipsNamed = 20

    private let paths: RunPaths
    private let catalog: StageCatalog
    private var metrics: AppendLog
    private let skipped: AppendLog
    private let machines: AppendLog
    /// What the units of evaluations that are under way said.
    private var evaluations: [StageIndex: any StageEvaluation] = [:]
    /// The same with the result that was looked at last, which may turn out not to count.
    private var examined: (lease: UInt64, evaluation: any StageEvaluation)?
    /// What is written down of skipped samples, each once a stage.
    private var knownSkips: Set<SkippedSampleRecord>
    /// Unreadable samples of the stage that skips were last heard of.
    private var stageSkips: (stage: StageIndex, names: [String])?
    /// Who found which of them.
    private var finders: (stage: StageIndex, names: [PeerID: Set<String>]) = (StageIndex(0), [:])
    /// Samples that no trainer got, by stage and place, with their names: once however often they come up.
    private var excluded: [StageIndex: [String: String]] = [:]

    /// - Parameter excluded: what the run excludes since earlier starts.
    package init(paths: RunPaths, catalog: StageCatalog, excluded: [ExcludedSample]) throws {
        self.paths = paths
        self.catalog = catalog
        metrics = try AppendLog(path: paths.metrics)
        skipped = try AppendLog(path: paths.skipped)
        knownSkips = Set(try RunFolder(paths.folder).skippedSamples())
        machines = try AppendLog(path: paths.machines)
        for sample in excluded { self.excluded[sample.position.stage, default: [:]][Self.place(sample)] = sample.name }
    }

    private static func place(_ sample: ExcludedSample) -> String { "\(sample.lost.offset) \(sample.lost.shard)" }

    /// Counts a sample that no trainer got. Throws where that is one more than the stage's splits allow.
    package func exclude(_ sample: ExcludedSample) throws {
        let stage = sample.position.stage
        guard excluded[stage]?[Self.place(sample)] == nil else { return }
        let names = unreadable(of: stage) + [sample.name]
        try check(names, stage)
        excluded[stage, default: [:]][Self.place(sample)] = sample.name
        try note(sample.name, stage)
    }

    /// Names of the stage's samples that are skipped: those that no trainer got, then those of unreadable content.
    package func unreadable(of stage: StageIndex) -> [String] {
        let names = stageSkips.flatMap { $0.stage == stage ? $0.names : nil } ?? []
        return (excluded[stage] ?? [:]).values.sorted() + names
    }

    /// - Returns: whether it is new.
    @discardableResult
    private func note(_ name: String, _ stage: StageIndex) throws -> Bool {
        let record = SkippedSampleRecord(stage: catalog[stage].plan.name, sample: name)
        guard knownSkips.insert(record).inserted else { return false }
        try skipped.append(JSONLine.encode(record))
        return true
    }

    /// Keeps who joined, for the report.
    package func machine(_ record: MachineRecord) throws { try machines.append(JSONLine.encode(record)) }

    /// The run goes back to a checkpoint: the file is written anew without the steps that are computed again, and what
    /// is appended from now on goes to the new one.
    package func forgetSteps(_ rewrite: () throws -> String?) throws {
        _ = try rewrite()
        metrics = try AppendLog(path: paths.metrics)
    }

    package func step(_ record: CommitRecord) throws {
        let stage = catalog[StageIndex(record.stage)].plan.name
        try metrics.append(JSONLine.encode(StepMetrics(record, stage: stage)))
    }

    /// Keeps an evaluation unit's result, which was looked at. Returns the samples it could not read, each once a
    /// stage. Throws when all trainers together found more than the stage's splits allow.
    package func unit(_ done: UnitDone) throws -> [String] {
        if let examined, examined.lease == done.lease { evaluations[done.stage] = examined.evaluation }
        examined = nil
        try count(done)
        return try done.skipped.filter { try note($0, done.stage) }
    }

    /// All that the stage skipped, before earlier starts of the run too, as the report finds it.
    package func skipped(of stage: StageIndex) throws -> [String] {
        let name = catalog[stage].plan.name
        return try RunFolder(paths.folder).skippedSamples().filter { $0.stage == name }.map(\.sample)
    }

    /// Why the results of a unit that is due are no use, whatever others say: they are not what its stage has, or one
    /// trainer alone finds more unreadable samples than the run may skip.
    package func fault(of done: UnitDone, from peer: PeerID, hasOthers: Bool) -> TrainerFault? {
        guard catalog.stages.indices.contains(Int(done.stage.value)) else { return .unitOfNoStage }
        let stage = catalog[done.stage]
        do {
            try examine(done, of: stage)
        } catch {
            let what = (error as? ResultFault)?.description ?? "is not what a trainer says"
            return .falseResult(unit: done.unit.value, stage: stage.plan.name, what: what)
        }
        guard !done.skipped.isEmpty else { return nil }
        if finders.stage != done.stage { finders = (done.stage, [:]) }
        let own = (finders.names[peer] ?? []).union(done.skipped)
        let others = finders.names.filter { $0.key != peer }.values.reduce(Set((excluded[done.stage] ?? [:]).values)) {
            $0.union($1)
        }
        guard hasOthers, own.union(others).count > stage.skipsMax, others.count <= stage.skipsMax else {
            finders.names[peer] = own
            return nil
        }
        finders.names[peer] = nil
        if stageSkips?.stage == done.stage { stageSkips?.names.removeAll { !others.contains($0) } }
        return .unreadableSamples(own: own.count, others: others.count)
    }

    /// Throws where a unit's result is not what the stage has.
    private func examine(_ done: UnitDone, of stage: StageCatalog.Stage) throws {
        examined = nil
        guard var evaluation = evaluation(done.stage), let units = stage.evaluationUnits else {
            guard done.result.isEmpty else { throw ResultFault("is one, and the stage has none") }
            return
        }
        var samples = UnitSamples(numbers: [], isScored: true, unreadableCount: 0)
        if stage.definition.phases[Int(done.phase)].units == .each {
            let (split, numbers) = units.samples(of: Int(done.unit.value))
            samples.numbers = numbers
            samples.isScored = split == stage.plan.splits.count - 1
            samples.unreadableCount = Set(unreadable(of: done.stage)).union(done.skipped).count
        }
        try evaluation.add(done.result, from: Self.place(done), of: samples)
        examined = (done.lease, evaluation)
    }

    private static func place(_ done: UnitDone) -> UnitPlace {
        UnitPlace(step: done.step.value, phase: Int(done.phase), unit: Int(done.unit.value))
    }

    private func count(_ done: UnitDone) throws {
        guard !done.skipped.isEmpty else { return }
        var names = stageSkips.flatMap { $0.stage == done.stage ? $0.names : nil } ?? []
        names += done.skipped.filter { !names.contains($0) }
        stageSkips = (done.stage, names)
        try check(unreadable(of: done.stage), done.stage)
    }

    private func check(_ names: [String], _ stage: StageIndex) throws {
        let allowed = catalog[stage].skipsMax
        guard names.count > allowed else { return }
        throw CoordinatorError.tooManySkipped(
            stage: catalog[stage].plan.name, skipped: names.count, allowed: allowed,
            list: Array(names.prefix(Self.skipsNamed)))
    }

    /// Sums a stage up, and writes an evaluation's result.
    package func summary(
        _ index: StageIndex, commits: [CommitRecord], seconds: Double, weightsHash: String?
    ) throws -> (summary: StageSummary, evaluation: (any StageResult)?) {
        let stage = catalog[index]
        let evaluation = try finishEvaluation(stage)
        let summary = StageSummary(
            stage: stage.plan.name, kind: stage.plan.kind.rawValue, steps: commits.count,
            seconds: stage.plan.trains ? commits.reduce(0) { $0 + $1.seconds } : seconds,
            images: stage.plan.trains ? commits.reduce(0) { $0 + $1.images } : stage.imagesPerStep,
            loss: commits.last?.loss, bytesPushed: commits.reduce(0) { $0 + Int($1.bytesPushed) },
            bytesGathered: commits.reduce(0) { $0 + Int($1.bytesGathered) }, accuracy: evaluation?.headline.share,
            weightsHash: weightsHash, mfu: Self.mfu(stage, commits),
            unlabelled: evaluation.flatMap { $0.unscoredCount > 0 ? $0.unscoredCount : nil },
            resultHashes: try evaluation.map { _ in
                try RunResults.hashes(of: stage.plan.name, kind: stage.plan.kind.rawValue, in: paths.results)
            })
        return (summary, evaluation)
    }

    /// Over all steps whose trainers said their rate.
    private static func mfu(_ stage: StageCatalog.Stage, _ commits: [CommitRecord]) -> Double? {
        var work = (operations: 0.0, capacity: 0.0)
        for commit in commits {
            guard let share = commit.mfu, share > 0 else { continue }
            let operations = stage.operations(step: Int(commit.step))
            work.operations += operations
            work.capacity += operations / share
        }
        return MFU.share(operations: work.operations, of: work.capacity)
    }

    /// Nil where the stage trains.
    private func evaluation(_ index: StageIndex) -> (any StageEvaluation)? {
        evaluations[index] ?? catalog[index].definition.evaluation(classNames: catalog[index].classNames)
    }

    private func finishEvaluation(_ stage: StageCatalog.Stage) throws -> (any StageResult)? {
        guard let evaluation = evaluation(stage.index) else { return nil }
        evaluations[stage.index] = nil
        let outcome = try evaluation.result()
        return try StageResultFiles.of(stage.plan.kind)?.write(outcome, to: paths.results) ?? outcome
    }
}
