import MawsBase
import MawsData
import MawsForecast
import MawsOptimizer
import MawsPlan
import MawsProtocol
import MawsTraining
import MawsWire

/// Everything about the stages of a plan that is known before the run starts.
package struct StageCatalog: Sendable {
    package struct Stage: Sendable {
        package var index: StageIndex
        package var plan: StagePlan
        package var definition: any StageDefinition
        package var table: BlockTable
        package var shape: StageShape
        /// Samples of one step, or of the whole evaluation.
        package var imagesPerStep: Int
        /// Unreadable samples that its splits' `skip_limit`s allow, whichever trainers meet them.
        package var skipsMax: Int
        package var schedule: LearningRateSchedule?
        /// Which samples an evaluation's units have; nil where the stage trains.
        package var evaluationUnits: EvaluationUnits?
        /// Nil where no trainer is better than another for a unit.
        package var unitShards: UnitShards?
        package var cost: StageCost
        /// Names of the classes that an evaluation tells apart, where they have names.
        package var classNames: [String]
        /// First step whose fixed views were all shown before; nil: views are drawn anew.
        package var knownViewsStep: Int?

        /// Floating-point operations that the model's products need for a sample of this step.
        package func operationsPerSample(step: Int) -> Double {
            knownViewsStep.map { step >= $0 } == true ? cost.operationsPerKnownView : cost.operationsPerSample
        }

        package var commitRule: CommitRule {
            CommitRule(table: table, clipNorm: plan.recipe?.optimizer.clipNorm, skipsMax: plan.nonFiniteSkips)
        }

        /// The last unit of an evaluation's split may have fewer images than others: their mean.
        package var imagesPerUnit: Double { Double(imagesPerStep) / Double(max(1, shape.unitsInPhase[0])) }

        /// The same of all images of the step.
        package func operations(step: Int) -> Double { Double(imagesPerStep) * operationsPerSample(step: step) }

        /// What an evaluation, which has no steps, does when this many of its units are done; nil for training.
        package func phaseText(done: Int) -> String? {
            guard !shape.commits else { return nil }
            let (units, phases) = (shape.unitsInPhase[0], definition.phases)
            if done == units, phases.count > 1 { return phases[1].title }
            return "\(phases[0].title) \(min(done, units))/\(units)"
        }

        /// `wsp (2 of 5)`
        package func title(of stageCount: Int) -> String { "\(plan.name) (\(index.value + 1) of \(stageCount))" }
    }

    package let stages: [Stage]
    /// What is to be said of how the data is read, a sentence each.
    package let notes: [String]
    /// What a trainer's data must hash to.
    package let fingerprint: String
    /// Samples of the largest split.
    private let samplesMax: UInt64

    /// What was foreseen of the samples.
    package let survey: PlanSurvey

    /// Opens everything that the plan names, and finds what no stage could do.
    /// - Parameter survey: of the run's first start; nil: it is made, and what it finds wrong is a fault.
    package init(plan: Plan, root: String, survey earlier: PlanSurvey?) throws {
        let data: PlanData
        (data, survey) = try PlanInspection(plan: plan, root: root, survey: earlier)
            .checked(further: MemoryCheck.faults(plan: plan) + ProfileCheck.faults(plan: plan))
        fingerprint = data.fingerprint
        samplesMax = data.splits.map { UInt64($0.dataset.count) }.max() ?? 0
        notes = data.notes
        stages = try plan.stages.enumerated().map { index, stage in
            try Self.stage(index, stage, plan, data, root: root)
        }
        for stage in stages {
            do throws(CoordinatorError) {
                try checkSource(of: stage)
            } catch {
                throw PlanDataFaults(sentences: [plan.located(stage.plan.field("from"), "\(error)")])
            }
        }
    }

    /// Before hours of training, what its first checkpoint could not be made of.
    private func checkSource(of stage: Stage) throws(CoordinatorError) {
        guard let source = stages.first(where: { $0.plan.name == stage.plan.from }),
            let (wanted, found) = StageModel.otherShape(stage.table, from: source.table)
        else { return }
        throw CoordinatorError.otherShape(
            stage: stage.plan.name, name: wanted.name, shape: wanted.shape, from: source.plan.name, found: found.shape)
    }

    /// Whether a split may have the sample, as a trainer names it.
    package func mayHave(_ sample: LostSample) -> Bool {
        let end = UInt64(Int64.max)
        return sample.index < samplesMax && sample.slot <= end && sample.offset <= end
    }

    package subscript(_ index: StageIndex) -> Stage { stages[Int(index.value)] }

    private static func stage(
        _ index: Int, _ stage: StagePlan, _ plan: Plan, _ data: PlanData, root: String
    ) throws -> Stage {
        let samples = data.sampleCount(stage.on, for: stage)
        let steps = stage.stepCount(samples: samples)
        let fitSamples = stage.needs.trainSplit.map { data.sampleCount($0, for: stage) } ?? 0
        let definition = StageDefinitions.of(stage, in: plan, index: UInt32(index))
        let all = stage.trains ? stage.unitsPerStep : [samples, fitSamples].reduce(0) { $0 + stage.unitCount($1) }
        let units = definition.phases.map { $0.units == .one ? 1 : all }
        let shape = StageShape(
            index: StageIndex(UInt32(index)), stepCount: stage.trains ? UInt64(steps) : 1, unitsInPhase: units,
            commits: stage.trains, checkpointSteps: plan.checkpoint.everySteps.map(UInt64.init),
            checkpointSeconds: plan.checkpoint.everySeconds)
        let skipsMax = stage.splits.compactMap(plan.split).reduce(0) { sum, split in
            sum + Int(Double(data.sampleCount(split.name, for: stage)) * split.skipLimit)
        }
        let table = definition.table
        let cost = StageCost(
            plan: plan, stage: stage, parameters: table.parameterCount, trainable: table.trainableCount)
        return Stage(
            index: shape.index, plan: stage, definition: definition, table: table, shape: shape,
            imagesPerStep: stage.trains ? stage.batch : samples + fitSamples,
            skipsMax: skipsMax, schedule: stage.recipe.map { LearningRateSchedule($0.schedule, steps: steps) },
            evaluationUnits: try EvaluationUnits(plan: plan, stage: stage, data: data, root: root),
            unitShards: try UnitShards(
                plan: plan, stage: stage, stageIndex: UInt32(index), data: data, root: root),
            cost: cost, classNames: stage.trains ? [] : data.classes.names,
            knownViewsStep: stage.needs.fixedViews.map { ($0 * samples + stage.batch - 1) / stage.batch })
    }
}

extension StagePlan {
    /// Units of so many samples, the last of which may be smaller.
    fileprivate func unitCount(_ samples: Int) -> Int { (samples + unit - 1) / unit }
}
