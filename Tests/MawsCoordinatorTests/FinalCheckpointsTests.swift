import Foundation
import MawsBase
import MawsCoordinator
import MawsDatabase
import MawsFiles
import MawsPlan
import MawsProtocol
import MawsRecords
import MawsTraining
import Testing

/// What a finished run leaves, read once more.
struct FinalCheckpointsTests {
    /// A run that has ended, with both final checkpoints, an older one of the first stage, and a result.
    private final class Finished {
        let run: RunFixture
        let database: RunDatabase

        init() throws {
            run = try RunFixture()
            database = try run.database()
            _ = try database.open(newRunID: "run", plan: run.plan.canonicalJSON)
            for (stage, step) in [(0, 4), (0, 6), (1, 4)] { try run.writeCheckpoint(UInt32(stage), UInt64(step)) }
            let samples = (0..<12).map {
                ClassificationResult.Sample(sample: $0, truth: $0 % 2, prediction: 0, score: 1, truthScore: 1)
            }
            let result = ClassificationResult(
                stage: "linear", split: "test", classNames: ["0", "1"], samples: samples)
            let kind = run.catalog[StageIndex(2)].plan.kind
            _ = try StageResultFiles.of(kind)?.write(result, to: run.paths.results)
            for (index, stage) in run.catalog.stages.enumerated() {
                try database.move(to: stage.index, step: StepIndex(0))
                for step in 0..<(stage.shape.commits ? stage.shape.stepCount : 0) {
                    try database.commit(run.commit(UInt32(index), step))
                }
                let hashes = try RunResults.hashes(
                    of: stage.plan.name, kind: stage.plan.kind.rawValue, in: run.paths.results)
                let summary = StageSummary(
                    stage: stage.plan.name, kind: stage.plan.kind.rawValue, steps: 1, seconds: 1, images: 1, loss: nil,
                    bytesPushed: 0, bytesGathered: 0, accuracy: stage.shape.commits ? nil : 0.5, weightsHash: nil,
                    resultHashes: stage.shape.commits ? nil : hashes)
                try database.end(StageEnd(stage: stage.index, summary: JSONLine.encode(summary)))
            }
            try database.move(to: StageIndex(3), step: StepIndex(0))
        }

        func settle() throws -> String? {
            try FinalCheckpoints(
                checkpoints: run.checkpoints(), database: database, results: run.paths.results, logger: run.logger
            ).settle()
        }

        func position() throws -> [UInt64] {
            let identity = try #require(try database.identity())
            return [UInt64(identity.stage?.value ?? 99), identity.step?.value ?? 99]
        }
    }

    @Test func aRunWhoseRecordsAreWholeIsFinished() throws {
        let finished = try Finished()
        #expect(try finished.settle() == nil)
        #expect(try finished.position() == [3, 0])
        #expect(finished.run.said.contains("reading what the run leaves once more: mae-6, more-4"))
    }

    @Test func aDamagedOneIsComputedAgainFromTheOlderOne() throws {
        let finished = try Finished()
        try finished.run.damage("\(finished.run.paths.checkpoints)/mae-6/weights.safetensors")
        let sentence = try #require(try finished.settle())
        #expect(
            sentence.hasPrefix("the final checkpoint of mae was damaged and is set aside: the run is finished when"))
        #expect(sentence.contains("mae is computed again from step 4 on"))
        #expect(try finished.position() == [0, 4])
        // What came after it stands.
        #expect(try finished.database.ends().map(\.stage) == [1, 2])
        #expect(try finished.database.commits(of: StageIndex(1)).count == 4)
        #expect(try Folder.names(in: finished.run.paths.checkpoints).contains("mae-6.damaged"))
    }

    /// Nothing older is left of the second stage: it begins anew.
    @Test func severalAreComputedAgainTheFirstOfThemFirst() throws {
        let finished = try Finished()
        for name in ["mae-6", "more-4"] {
            try finished.run.damage("\(finished.run.paths.checkpoints)/\(name)/weights.safetensors")
        }
        let sentence = try #require(try finished.settle())
        #expect(sentence.hasPrefix("the final checkpoints of mae and more were damaged"))
        #expect(try finished.position() == [0, 4])
        #expect(try finished.database.ends().map(\.stage) == [2])
        #expect(try finished.database.commits(of: StageIndex(1)).isEmpty)
    }

    /// It is a person's to remove: that takes nothing back.
    @Test func oneThatSomebodyRemovedIsSaidAndNoMore() throws {
        let finished = try Finished()
        for name in ["mae-4", "mae-6", "more-4"] {
            try Folder.remove("\(finished.run.paths.checkpoints)/\(name)")
        }
        #expect(try finished.settle() == nil)
        #expect(finished.run.said.contains("checkpoint mae-6, the final one of its stage, is not there any more"))
        #expect(finished.run.said.contains("none of the run's final checkpoints is there any more"))
        #expect(try finished.position() == [3, 0])
    }

    @Test(arguments: [true, false])
    func aDamagedResultIsMadeAgainWhereItsSourceIsThere(isSourceThere: Bool) throws {
        let finished = try Finished()
        let path = "\(finished.run.paths.results)/linear.json"
        try finished.run.damage(path)
        if !isSourceThere { try Folder.remove("\(finished.run.paths.checkpoints)/more-4") }
        let sentence = try finished.settle()
        #expect((sentence != nil) == isSourceThere, "\(finished.run.said)")
        #expect(try finished.position() == (isSourceThere ? [2, 0] : [3, 0]))
        #expect(FileManager.default.fileExists(atPath: path) != isSourceThere)
        if isSourceThere {
            #expect(sentence?.hasPrefix("the result of linear was damaged and is set aside") == true)
        } else {
            #expect(finished.run.said.contains("stage linear is not evaluated again: the final checkpoint of more"))
        }
    }

    @Test func oneSentenceSaysWhatWasDamaged() throws {
        let stages = try RunFixture().catalog.stages
        #expect(
            FinalCheckpoints.finding([stages[1]])
                == "the final checkpoint of more was damaged and is set aside")
        #expect(FinalCheckpoints.finding([stages[2]]) == "the result of linear was damaged and is set aside")
        #expect(
            FinalCheckpoints.finding(stages)
                == "the final checkpoints of mae and more and the result of linear were damaged and are set aside")
    }
}
