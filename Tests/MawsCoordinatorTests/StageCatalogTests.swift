import MawsBase
import MawsCoordinator
import MawsData
import MawsPlan
import MawsProtocol
import MawsTraining
import MawsWire
import Testing

/// What is known of a plan's stages before a run starts.
struct StageCatalogTests {
    @Test func aTrainingStageHasStepsUnitsAndImages() throws {
        let stage = try RunFixture().catalog[StageIndex(0)]
        #expect(stage.title(of: 3) == "mae (1 of 3)")
        #expect((stage.shape.stepCount, stage.shape.unitsInPhase, stage.shape.commits) == (6, [2], true))
        #expect((stage.imagesPerStep, stage.imagesPerUnit) == (4, 2))
        // A tenth of twelve samples.
        #expect(stage.skipsMax == 1)
        #expect(stage.schedule != nil && stage.evaluationUnits == nil && stage.classNames.isEmpty)
        #expect(stage.phaseText(done: 1) == nil && stage.sharedRows == .none)
        #expect(stage.shape.checkpointSteps == 2)
    }

    /// Units of the split that it is fitted on come first; the fit is one unit of its own.
    @Test func anEvaluationHasTheUnitsOfBothItsSplits() throws {
        let stage = try RunFixture(fields: "").catalog[StageIndex(2)]
        let units = try #require(stage.evaluationUnits)
        #expect(stage.shape.unitsInPhase == [units.count, 1] && stage.shape.stepCount == 1 && !stage.shape.commits)
        #expect((stage.imagesPerStep, stage.skipsMax) == (24, 2))
        #expect(stage.schedule == nil)
        #expect((0..<units.count).flatMap { units.samples(of: $0).samples } == Array(0..<12) + Array(0..<12))
        #expect(stage.phaseText(done: 0) == "features 0/\(units.count)")
        #expect(stage.phaseText(done: units.count) == "fits the regression")
        #expect(stage.phaseText(done: units.count + 1) == "features \(units.count)/\(units.count)")
        #expect(stage.sharedRows.units == UInt32(units.count) && stage.sharedRows.pieceBytes % 4 == 0)
        #expect(stage.sharedRows.piecesMin == 0 && stage.sharedRows.piecesMax >= 1)
    }

    @Test func operationsAreThoseOfAllImagesOfAStep() throws {
        let stages = try RunFixture().catalog.stages
        for stage in stages {
            #expect(stage.operationsPerSample(step: 0) > 0)
            #expect(stage.operations(step: 3) == Double(stage.imagesPerStep) * stage.operationsPerSample(step: 3))
        }
        // A forward pass of one tower is less than a step of it with its decoder.
        #expect(stages[2].operationsPerSample(step: 0) < stages[0].operationsPerSample(step: 0))
    }

    /// Views that were all shown before are known, and cost less from then on.
    @Test func knownViewsCostNoFrozenTower() throws {
        var stage = try RunFixture().catalog[StageIndex(0)]
        stage.knownViewsStep = 3
        #expect(stage.operationsPerSample(step: 2) == stage.cost.operationsPerSample)
        #expect(stage.operationsPerSample(step: 3) == stage.cost.operationsPerKnownView)
    }

    @Test func theFingerprintIsOfTheDataAlone() throws {
        let run = try RunFixture()
        #expect(try run.catalog.fingerprint == RunFixture(seed: 4, skipLimit: 0.5, in: run).catalog.fingerprint)
        #expect(run.catalog.fingerprint.hasPrefix("train="))
    }

    @Test(arguments: [
        (UInt64(11), UInt64(0), UInt64(0), true), (12, 0, 0, false), (0, 1 << 62, 1 << 62, true),
        (0, 1 << 63, 0, false), (0, 0, 1 << 63, false),
    ])
    func aSampleThatATrainerNamesIsOneThatASplitMayHave(index: UInt64, slot: UInt64, offset: UInt64, may: Bool) throws {
        let sample = LostSample(slot: slot, index: index, shard: "a", member: "b", offset: offset, reason: "c")
        #expect(try RunFixture().catalog.mayHave(sample) == may)
    }

    /// A later start has the survey of the first one, and makes none.
    @Test func aSurveyIsMadeOnce() throws {
        let run = try RunFixture()
        let again = try StageCatalog(plan: run.plan, root: ".", survey: run.catalog.survey)
        #expect(again.survey == run.catalog.survey && again.fingerprint == run.catalog.fingerprint)
        #expect(again.survey.stages.map(\.stage) == ["mae", "more", "linear"])
    }
}
