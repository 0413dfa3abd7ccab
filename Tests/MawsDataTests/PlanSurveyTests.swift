import Foundation
import MawsData
import MawsDataTestSupport
import MawsPlan
import Testing

@Suite struct PlanSurveyTests {
    private typealias Members = [(name: String, data: [UInt8])]

    /// Samples of which every one has an image, and what `sidecars` gives it.
    private static func shard(
        _ folder: Folder, _ name: String, count: Int = 24, side: Int = 8, _ sidecars: (Int) -> [String: String]
    ) throws {
        var members: Members = []
        for index in 0..<count {
            members.append(("s\(index).png", try Fixture.png(UInt8(index), side: side)))
            for (ending, text) in sidecars(index).sorted(by: { $0.key < $1.key }) {
                members.append(("s\(index).\(ending)", Array(text.utf8)))
            }
        }
        try folder.shard(name, members)
    }

    private static func survey(
        _ folder: Folder, _ stages: [StagePlan], limits: SurveyLimits = SurveyLimits(),
        _ change: (inout Plan) -> Void = { _ in }
    ) throws -> PlanSurvey {
        var plan = Fixture.plan(
            ["train", "test"].map {
                DataSplitPlan(
                    name: $0, shards: ["\($0).tar"], vocabulary: "vocabulary.txt", tokenizer: nil, skipLimit: 0)
            })
        plan.stages = stages
        change(&plan)
        return try PlanSurvey(
            plan: plan, data: PlanData(plan: plan, root: folder.path), root: folder.path, limits: limits)
    }

    private static func folder(train: (Int) -> [String: String], test: (Int) -> [String: String]) throws -> Folder {
        let folder = try Folder()
        try shard(folder, "train.tar", train)
        try shard(folder, "test.tar", test)
        try folder.write("dog\t8\ncat\t8\n", "vocabulary.txt")
        try folder.write("a photo of a {}\n", "templates.txt")
        return folder
    }

    private static func classes(_ index: Int) -> [String: String] { ["cls": "\(index % 3)"] }
    private static func half(_ index: Int) -> [String: String] { index < 12 ? [:] : classes(index) }

    // MARK: Evaluations

    @Test func aProbeWithoutClassesIsRefusedOnEitherSide() throws {
        let linear = [Fixture.stage(.linear)]
        let none = try Self.survey(Self.folder(train: { _ in [:] }, test: Self.classes), linear)
        #expect(none.faults.count == 1)
        #expect(
            none.faults[0].sentence.hasPrefix(
                "Stage 'linear' is fitted on split 'train', but none of its 24 samples has a class; give them"))
        let unscored = try Self.survey(Self.folder(train: Self.classes, test: { _ in [:] }), linear)
        #expect(unscored.faults.map(\.sentence).first?.contains("is scored on split 'test', but none") == true)
        let both = try Self.survey(Self.folder(train: { _ in [:] }, test: { _ in [:] }), linear)
        #expect(both.faults.count == 2, "all faults are shown at once")
    }

    @Test func samplesWithoutAClassAreCountedAndWarnedOf() throws {
        let survey = try Self.survey(Self.folder(train: Self.half, test: Self.half), [Fixture.stage(.linear)])
        #expect(survey.faults.isEmpty)
        #expect(survey.warnings.contains { $0.sentence.contains("is scored on 12 of the 24 samples of split 'test'") })
        let test = survey.stages[0].splits[1]
        #expect(test.count == 24 && test.account.takenCount == 24)
        #expect(test.account.count(.incomplete, "without a class: not scored") == 12)
        #expect(survey.stages[0].splits[0].account.count(.incomplete, "without a class: not fitted on") == 12)
    }

    @Test func aProbeOfOneClassOrOfStrangersIsRefused() throws {
        let linear = [Fixture.stage(.linear)]
        let one = try Self.survey(Self.folder(train: { _ in ["cls": "1"] }, test: Self.classes), linear)
        #expect(one.faults.map(\.sentence).first?.contains("all of one class") == true)
        let strange = try Self.survey(
            Self.folder(train: { ["cls": "\($0 % 2)"] }, test: { ["cls": "\(5 + $0 % 2)"] }), linear)
        #expect(strange.faults.map(\.sentence).first?.contains("none of the classes of 'test' (5, 6)") == true)
        let some = try Self.survey(Self.folder(train: { ["cls": "\($0 % 2)"] }, test: Self.classes), linear)
        #expect(some.faults.isEmpty)
        #expect(some.warnings.contains { $0.sentence.contains("cannot be right on 8 samples of split 'test'") })
    }

    @Test func figuresAboutOneClassAreWarnedOf() throws {
        let one = { (_: Int) in ["cls": "1"] }
        let linear = try Self.survey(Self.folder(train: Self.classes, test: one), [Fixture.stage(.linear)])
        #expect(linear.faults.isEmpty)
        #expect(linear.warnings.contains { $0.sentence.contains("split 'test', whose samples are all of one class") })
        let some = try Self.survey(
            Self.folder(train: one, test: Self.classes), [Fixture.stage(.linear)], limits: SurveyLimits(samples: 8))
        #expect(some.faults.isEmpty)
        #expect(
            some.warnings.contains {
                $0.sentence.contains("samples that were looked at, spread over all 24, are all of one class")
            })
        let folder = try Self.folder(train: Self.classes, test: { _ in ["cls": "0"] })
        try folder.write("crane\n", "classes.txt")
        #expect(try Self.survey(folder, [Self.zeroShot]).faults.first?.sentence.contains("has one class in") == true)
    }

    @Test func classesThatNothingTellsApartAreWarnedOf() throws {
        let folder = try Self.folder(train: Self.classes, test: Self.classes)
        try folder.write("crane\nmaillot, tank suit\ncrane\n", "classes.txt")
        let survey = try Self.survey(folder, [Self.zeroShot])
        #expect(survey.faults.isEmpty, "ImageNet's own names have two classes `crane`")
        #expect(
            survey.warnings.contains {
                $0.field == "stages.zeroshot.classes"
                    && $0.sentence.contains("cannot tell 1 of the classes of classes.txt from others")
                    && $0.sentence.contains("('crane' on lines 1 and 3)")
            })
        try folder.write("crane, bird\nmaillot\nmaillot, bird, tank suit\n", "classes.txt")
        let shared = try Self.survey(folder, [Self.zeroShot])
        #expect(
            shared.warnings.contains {
                $0.sentence.contains("has 2 names in classes.txt that are of several classes ('bird' on lines 1 and 3)")
            })
    }

    private static var zeroShot: StagePlan {
        var stage = Fixture.stage(.zeroshot)
        stage.on = "test"
        stage.task = ZeroShotTask(templates: "templates.txt", classes: "classes.txt")
        return stage
    }

    @Test func imagesThatTheLimitRefusesAreSaidWithTheirFigures() throws {
        let folder = try Self.folder(train: Self.classes, test: Self.classes)
        let survey = try Self.survey(folder, [Fixture.stage(.mae)]) { $0.data[0].pixelCountMax = 63 }
        #expect(
            survey.faults.first?.sentence.contains("claims 8 x 8 pixels, above the limit of 63") == true,
            "\(survey.faults)")
    }

    @Test func aProbeThatIsScoredOnWhatItLearnedIsWarnedOf() throws {
        let folder = try Self.folder(train: Self.classes, test: Self.classes)
        var linear = Fixture.stage(.linear)
        #expect(try Self.survey(folder, [linear]).warnings.isEmpty)
        linear[LinearTask.self]?.trainSplit = "test"
        let survey = try Self.survey(folder, [linear])
        #expect(survey.warnings.map(\.sentence).first?.contains("very samples of split 'test'") == true)
    }

    @Test(arguments: [("a\nb\n", "has 2 lines"), ("a\nb\nc\nd\n", "has 4 lines"), ("a\nb\nc\n", nil)])
    func aFileOfClassesHasALineForEachNumber(text: String, expected: String?) throws {
        let folder = try Self.folder(train: Self.classes, test: Self.classes)
        try folder.write(text, "classes.txt")
        let faults = try Self.survey(folder, [Self.zeroShot]).faults.map(\.sentence)
        #expect(faults.count == (expected == nil ? 0 : 1))
        if let expected {
            #expect(faults[0].contains(expected) && faults[0].contains("numbers 0 to 2"), "\(faults)")
        }
    }

    // MARK: Training

    @Test func aVocabularyThatIsNotOfTheDataIsRefused() throws {
        let folder = try Self.folder(train: { _ in ["json": #"["dog", "beach"]"#] }, test: Self.classes)
        let wsp = [Fixture.stage(.wsp)]
        #expect(try Self.survey(folder, wsp).faults.isEmpty)
        try folder.write("zebra\t8\nyak\t8\n", "vocabulary.txt")
        let sentence = try Self.survey(folder, wsp).faults.map(\.sentence).first
        #expect(sentence?.contains("none of the 24 samples of split 'train' has one of them") == true)
        #expect(sentence?.contains("vocabulary.txt (zebra, yak), but none") == true)
        #expect(sentence?.contains("#dog, #beach") == true && sentence?.contains("maws data labels") == true)
        let bare = try Self.survey(Self.folder(train: { _ in [:] }, test: Self.classes), wsp)
        #expect(bare.faults.map(\.sentence).first?.contains("learns hashtags, but none of the 24 samples") == true)
    }

    /// A stage that reads hashtags leaves out whose hashtags cannot be read, and nobody for another's part.
    @Test func aPartThatCannotBeReadCountsForThoseThatReadIt() throws {
        let tags = #"["dog", "cat"]"#
        let folder = try Self.folder(
            train: { number in
                switch number {
                case 0: ["json": "{broken"]
                case 1, 2: ["json": tags, "cls": "1 2"]
                case 3: ["json": "[]", "cls": "0"]
                default: ["json": tags, "cls": "0"]
                }
            }, test: Self.classes)
        let survey = try Self.survey(folder, [Fixture.stage(.wsp), Fixture.stage(.linear)])
        #expect(survey.stages[0].splits[0].account.count(.incomplete, "without a label of the vocabulary") == 1)
        let fault = survey.faults.first?.sentence ?? "none"
        #expect(fault.contains("where the class of 2 of the 24 samples looked at cannot be read"), "\(fault)")
        #expect(fault.contains("its .cls member says '1 2'"), "\(fault)")
    }

    @Test func samplesWithoutALabelAreCountedAndManyAreWarnedOf() throws {
        let folder = try Self.folder(
            train: { ["json": $0 < 20 ? #"["dog", "cat"]"# : "[]"] }, test: Self.classes)
        let survey = try Self.survey(folder, [Fixture.stage(.wsp)])
        let account = survey.stages[0].splits[0].account
        #expect(account.count(.incomplete, "without a label of the vocabulary") == 4)
        #expect(survey.faults.isEmpty)
        #expect(survey.warnings.contains { $0.sentence.contains("on 4 of the 24 samples of split 'train' and learns") })
        let few = try Self.survey(
            Self.folder(train: { ["json": $0 < 23 ? #"["dog", "cat"]"# : "[]"] }, test: Self.classes),
            [Fixture.stage(.wsp)])
        #expect(few.warnings.isEmpty && few.stages[0].splits[0].account.count(.incomplete) == 1)
    }

    @Test func oneLabelIsNothingToLearn() throws {
        let folder = try Self.folder(train: { _ in ["json": #"["dog"]"#] }, test: Self.classes)
        try folder.write("dog\t8\n", "vocabulary.txt")
        var wsp = Fixture.stage(.wsp)
        wsp[WSPTask.self]?.labelCount = 1
        #expect(try Self.survey(folder, [wsp]).faults.map(\.sentence).first?.contains("one label only (dog)") == true)
        try folder.write("zebra\t8\n", "vocabulary.txt")
        let sentence = try Self.survey(folder, [wsp]).faults.map(\.sentence).first
        #expect(sentence?.contains("(zebra), but none of the 24 samples") == true && sentence?.contains("#dog") == true)
    }

    @Test func captionsThatAreCutAndWhatIsNoHashtagAreCountedForTheirStages() throws {
        let folder = try Self.folder(
            train: { index in
                [
                    "txt": index < 6 ? String(repeating: "a dog ", count: 400) : "a dog",
                    "json": index < 3 ? #"["dog", null]"# : #"["dog"]"#,
                ]
            }, test: Self.classes)
        try FileManager.default.copyItem(
            atPath: Fixture.tokenizer, toPath: folder.path("tokenizer.model"))
        let survey = try Self.survey(folder, [Fixture.stage(.lit), Fixture.stage(.wsp)]) { plan in
            plan.data[0].tokenizer = "tokenizer.model"
        }
        #expect(
            survey.stages[0].splits[0].account.entries(.incomplete).contains {
                $0.reason.hasPrefix("whose caption a context of ") && $0.count == 6
            })
        #expect(
            survey.stages[1].splits[0].account.count(.incomplete, "with null among its hashtags, which is ignored") == 3
        )
    }

    @Test func samplesWithoutACaptionAreCountedAndWarnedOf() throws {
        let folder = try Self.folder(train: { $0 < 20 ? ["txt": "a dog"] : [:] }, test: Self.classes)
        try FileManager.default.copyItem(
            atPath: Fixture.tokenizer, toPath: folder.path("tokenizer.model"))
        func survey(_ limit: Double) throws -> PlanSurvey {
            try Self.survey(folder, [Fixture.stage(.lit)]) { plan in
                plan.data[0].skipLimit = limit
                plan.data[0].tokenizer = "tokenizer.model"
            }
        }
        let allowed = try survey(0.5)
        #expect(allowed.faults.isEmpty && allowed.stages[0].splits[0].account.takenCount == 20)
        #expect(allowed.stages[0].splits[0].account.count(.leftOut, SampleAccount.noCaption) == 4)
        #expect(allowed.warnings.contains { $0.sentence.contains("skips 4 of the 24 samples") })
        #expect(
            Fixture.sentence { _ = try survey(0) }?.contains("4 of the 24 samples of split 'train' have none") == true)
    }

    @Test func resamplingNeedsLabelsAndTheirCounts() throws {
        let mae = [Fixture.stage(.mae)]
        let folder = try Self.folder(train: { _ in [:] }, test: Self.classes)
        func faults() throws -> [String] {
            try Self.survey(folder, mae) { $0.data[0].resample = ResamplePlan(samples: 100) }.faults.map(\.sentence)
        }
        #expect(try faults().first?.contains("none of the 24 samples of split 'train' has a label of") == true)
        try folder.write("dog\ncat\n", "vocabulary.txt")
        #expect(try faults().first?.contains("says of no label how many samples it has") == true)
    }

    @Test func whatIsExcludedIsCounted() throws {
        let folder = try Self.folder(train: Self.classes, test: Self.classes)
        try folder.write("train.tar\t3\ts3\tcopy\nother.tar\t1\ts1\tcopy\n", "exclude.txt")
        let survey = try Self.survey(folder, [Fixture.stage(.mae)]) { $0.data[0].exclude = "exclude.txt" }
        #expect(survey.stages[0].splits[0].account.count(.leftOut, SampleAccount.excluded) == 1)
        #expect(survey.stages[0].splits[0].count == 23)
        #expect(survey.stages[0].splits[0].account.count(.ignored) == 1, "a line about a shard of another split")
    }

    // MARK: Images, and how much is looked at

    @Test func imagesThatTheModelSeesOtherwiseAreWarnedOf() throws {
        let folder = try Folder()
        try Self.shard(folder, "train.tar", side: 4) { _ in [:] }
        try Self.shard(folder, "test.tar", Self.classes)
        try folder.write("dog\t8\n", "vocabulary.txt")
        let survey = try Self.survey(folder, [Fixture.stage(.mae)]) { plan in
            plan.model.image.channels = 3
            plan.model.image.mean = [0, 0, 0]
            plan.model.image.std = [1, 1, 1]
        }
        #expect(survey.warnings.contains { $0.sentence.contains("smaller than the model's 8 x 8 (4 x 4 for") })
        #expect(survey.warnings.contains { $0.sentence.contains("all 16 images looked at of split 'train' are grey") })
    }

    @Test func moreThanTheLimitIsLookedAtEvenlySpreadAndSaid() throws {
        let folder = try Folder()
        try Self.shard(folder, "train.tar", count: 200) { ["json": $0 < 100 ? #"["dog", "cat"]"# : "[]"] }
        try Self.shard(folder, "test.tar", Self.classes)
        try folder.write("dog\t8\ncat\t8\n", "vocabulary.txt")
        let survey = try Self.survey(folder, [Fixture.stage(.wsp)], limits: SurveyLimits(samples: 20))
        let account = survey.stages[0].splits[0].account
        let without = account.count(.incomplete, "without a label of the vocabulary of the 20 looked at")
        #expect(9...11 ~= without, "half of any spread selection has none")
        #expect(survey.warnings.contains { $0.sentence.contains("20 samples of split 'train' that were looked at") })
    }
}
