import Foundation
import MawsData
import MawsDataTestSupport
import MawsPlan
import Testing

@Suite struct ResampleTests {
    /// Sample counts of labels as a long tail has them, and 0 for samples without a label.
    private static let rarest: [UInt32] = (0..<5000).map { (index: Int) -> UInt32 in
        let rank = 1 + (index * 7919) % 97
        return index % 11 == 0 ? 0 : UInt32(10_000 / rank)
    }

    private static func repetitions(_ table: ResampleTable, of samples: Int) -> [Int] {
        var counts = [Int](repeating: 0, count: samples)
        var last = 0
        for position in 0..<table.count {
            let sample = table.sample(position)
            #expect(sample >= last)
            last = sample
            counts[sample] += 1
        }
        return counts
    }

    @Test func everySampleComesUpAsOftenAsTheSquareRootOfItsRarestLabelAsks() {
        let rarest = Self.rarest
        let counts = Self.repetitions(ResampleTable(rarest: rarest, count: 8333), of: rarest.count)
        #expect(counts.reduce(0, +) == 8333)
        // The factor again, in floating point, from the definition.
        func repetitions(_ factor: Double) -> [Double] {
            rarest.map { $0 == 0 ? 1 : max(1, (factor / Double($0)).squareRoot()) }
        }
        var low = 0.0
        var high = 1e7
        for _ in 0..<200 {
            let middle = (low + high) / 2
            if repetitions(middle).reduce(0, +) <= 8333 { low = middle } else { high = middle }
        }
        for (count, wanted) in zip(counts, repetitions(low)) {
            #expect(Double(count) > wanted - 1.001 && Double(count) < wanted + 1.001 && count >= 1)
        }
        let tail = zip(counts, rarest).filter { $0.1 > 0 && $0.1 < 200 }.map(\.0)
        #expect(tail.reduce(0, +) > 2 * tail.count)
    }

    @Test func askingForAsManyAsThereAreRepeatsNone() {
        #expect(Self.repetitions(ResampleTable(rarest: [5, 1, 0, 9], count: 4), of: 4) == [1, 1, 1, 1])
        #expect(Self.repetitions(ResampleTable(rarest: [0, 0, 0], count: 7), of: 3).reduce(0, +) == 7)
        #expect(Self.repetitions(ResampleTable(rarest: [4, 1], count: 9), of: 2) == [3, 6])
    }

    @Test func anEpochReadsEveryRepetitionOnceAndNoExcludedSample() throws {
        let folder = try Fixture.folder(count: 30)
        try folder.write("t2\t10\nt0\t10\nt1\t1\n", "vocabulary.txt")
        try folder.write(
            "\(folder.path)/train.tar\t3\ts3\ta copy\nother.tar\t0\tx\ta copy\ntrain.tar\t29\ts29\t\n", "no.txt")
        var split = Fixture.split(["train.tar"])
        split.exclude = "no.txt"
        split.resample = ResamplePlan(samples: 48)
        let plan = Fixture.plan([split, Fixture.split(["test.tar"], name: "test")])
        let loader = try BatchLoader(plan: plan, stage: Fixture.stage(.wsp), stageIndex: 0, root: folder.path)
        #expect(loader.sampleCount == 48)
        var counts = [Int](repeating: 0, count: 30)
        for step in 0..<6 as Range<UInt64> {
            for unit in 0..<2 { for sample in try loader.batch(step: step, unit: unit).samples { counts[sample] += 1 } }
        }
        #expect(counts[3] == 0 && counts[29] == 0)
        // The samples tagged t1, the rarest label, are repeated among the 28 kept; s = 3.2 * 3.2 * 1.
        for sample in 0..<29 where sample != 3 {
            #expect(counts[sample] == 1 || sample % 3 == 1 && counts[sample] <= 4)
        }
        #expect((0..<10).allSatisfy { counts[3 * $0 + 1] >= 2 })
        #expect(counts.reduce(0, +) == 48)
        let data = try PlanData(plan: plan, root: folder.path)
        #expect(data.sampleCount("train", for: Fixture.stage(.mae)) == 48)
        #expect(data.sampleCount("train", for: Fixture.stage(.linear)) == 28)
    }

    @Test func anEvaluationReadsWhatIsNotExcludedOnce() throws {
        let folder = try Fixture.folder(count: 6)
        try folder.write("test.tar\t0\ts0\t\ntest.tar\t3\ts3\t\n", "no.txt")
        var test = Fixture.split(["test.tar"], name: "test")
        test.exclude = "no.txt"
        var stage = Fixture.stage(.zeroshot)
        stage.on = "test"
        let plan = Fixture.plan([Fixture.split(["train.tar"]), test])
        let loader = try BatchLoader(plan: plan, stage: stage, stageIndex: 0, root: folder.path)
        #expect(loader.unitCount == 1)
        #expect(try loader.batch(step: 0, unit: 0).samples == [1, 2, 4])
    }

    @Test func filesBesideTheShardsAreInTheFingerprint() throws {
        let folder = try Fixture.folder(count: 4)
        try folder.write("train.tar\t0\ts0\t\n", "no.txt")
        var split = Fixture.split(["train.tar"])
        func fingerprint() throws -> String { try PlanData(plan: Fixture.plan([split]), root: folder.path).fingerprint }
        let first = try fingerprint()
        split.exclude = "no.txt"
        let second = try fingerprint()
        try folder.write("train.tar\t1\ts1\t\n", "no.txt")
        #expect(try Set([first, second, fingerprint()]).count == 3)
    }

    /// Prompts are read by a plan's last stage, days after its start.
    @Test func promptsAreInTheFingerprintAndCheckedAtTheStart() throws {
        let folder = try Fixture.folder(count: 4)
        var plan = Fixture.plan([Fixture.split(["train.tar"])])
        var stage = Fixture.stage(.zeroshot)
        stage.task = ZeroShotTask(templates: "templates.txt", classes: "classes.txt")
        func fingerprint(_ templates: String, _ classes: String) throws -> String {
            try folder.write(templates, "templates.txt")
            try folder.write(classes, "classes.txt")
            return try PlanData(plan: plan, root: folder.path).fingerprint
        }
        let none = try fingerprint("a {}\n", "boot\n")
        plan.stages = [stage]
        let prompts = try ["a {}\n", "my {}\n"].flatMap { template in
            try ["boot\n", "boot, shoe\n"].map { try fingerprint(template, $0) }
        }
        #expect(Set(prompts + [none]).count == 5)
        #expect(
            Fixture.sentence { _ = try fingerprint("a {}\nno place\n", "boot\n") }
                == "\(folder.path)/templates.txt, line 2: expected a template with {} where a class's name goes.")
        #expect(
            Fixture.sentence { _ = try fingerprint("a {}\n", "boot\n , \n") }
                == "\(folder.path)/classes.txt, line 2: expected the names of a class, separated by commas.")
    }

    @Test func badExclusionsAndTargetsAreOneSentence() throws {
        let folder = try Fixture.folder(count: 4)
        var split = Fixture.split(["train.tar"])
        split.exclude = "no.txt"
        func sentence(_ text: String) throws -> String? {
            try folder.write(text, "no.txt")
            return Fixture.sentence { _ = try PlanData(plan: Fixture.plan([split]), root: folder.path) }
        }
        #expect(try sentence("x") == "\(folder.path)/no.txt, line 1: expected 'shard<TAB>number<TAB>key<TAB>reason'.")
        #expect(
            try sentence("a.tar\t0\ts0\n") == "\(folder.path)/no.txt names no sample of the shards of split 'train'.")
        #expect(
            try sentence("train.tar\t1\ts0\t\n")
                == "\(folder.path)/no.txt, line 1: sample 1 of train.tar is not 's0': the shard has changed; run 'maws "
                + "data dedupe' again.")
        #expect(try sentence("train.tar\t9\ts9\t\n")?.contains("sample 9 of train.tar is not 's9'") == true)
        #expect(
            try sentence((0..<4).map { "train.tar\t\($0)\ts\($0)\t\n" }.joined())
                == "Split 'train' has no samples but those it excludes.")
        split.exclude = nil
        split.resample = ResamplePlan(samples: 3)
        #expect(
            Fixture.sentence { _ = try PlanData(plan: Fixture.plan([split]), root: folder.path) }
                == "Split 'train' has 4 samples, more than the 3 that `resample` asks for; resampling repeats samples "
                + "and leaves none out.")
    }
}
