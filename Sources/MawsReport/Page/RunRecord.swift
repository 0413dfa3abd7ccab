import MawsData
import MawsPlan
import MawsRecords
import MawsTraining

/// All that a run left in its folder, read: what the page is drawn from.
struct RunRecord {
    var folder: RunFolder
    /// Last part of the folder's path.
    var name: String
    /// Nil when `plan.yaml` is missing or no longer loads (a file it names is gone, say).
    var plan: Plan?
    var planText: String?
    var steps: [StepMetrics]
    var stages: [StageSummary]
    var evaluations: [any StageResult]
    var skipped: [SkippedSampleRecord]
    var starts: [RunStart]
    /// What was foreseen of the samples; nil in runs of before it was kept.
    var survey: PlanSurvey?
    var machines: [MachineRecord]
    var coordinatorLog: String
    /// Sentences about what could not be read.
    var damage: [String]

    init(_ folder: RunFolder) throws {
        try folder.checkIsRun()
        self.folder = folder
        name = folder.path.split(separator: "/").last.map(String.init) ?? folder.path
        planText = try folder.planText()
        let records = try folder.records()
        (steps, stages, evaluations) = (records.steps, records.stages, records.evaluations)
        (skipped, machines, damage) = (records.skipped, records.machines, records.damage)
        starts = try folder.starts()
        survey = try folder.survey()
        coordinatorLog = try folder.coordinatorLog()
        do {
            plan = planText == nil ? nil : try PlanLoader.loadResolved(path: "\(folder.path)/plan.yaml")
        } catch {
            damage.append("The plan no longer loads: \(error)")
        }
    }

    /// Where the plan's data was when the run was last started; without a record of that, here.
    var dataRoot: String { starts.last?.dataRoot ?? "." }

    /// Names of the stages that have steps to draw: in the plan's order, then whatever else was recorded.
    var trainedStages: [String] {
        var names: [String] = []
        for step in steps where names.last != step.stage && !names.contains(step.stage) { names.append(step.stage) }
        return names.filter { name in plan?.stage(name)?.trains ?? true }
    }

    /// What became of the samples of each stage that has started: in the plan's order, then of whatever else was
    /// recorded.
    var stageSamples: [StageSamples] {
        let trained = Set(steps.map(\.stage))
        var started = trained.union(stages.map(\.stage))
        let planned = (plan?.stages.map(\.name) ?? []).filter { started.remove($0) != nil }
        return (planned + started.sorted()).map { name in
            StageSamples(
                stage: name, survey: survey?.stages.first { $0.stage == name },
                skipped: skipped.filter { $0.stage == name }.map(\.sample), trains: trained.contains(name))
        }
    }

    /// What a stage is, as its record or the plan says; nil where neither does.
    func kind(_ stage: String) -> String? {
        stages.first { $0.stage == stage }?.kind ?? plan?.stage(stage)?.kind.rawValue
    }

    /// What a person calls a stage.
    func title(_ stage: String) -> String { StageSections.title(stage, kind: kind(stage)) }

    /// Results of classifiers, whatever kind of stage they are of.
    var classifications: [ClassificationResult] { evaluations.compactMap { $0 as? ClassificationResult } }
}
