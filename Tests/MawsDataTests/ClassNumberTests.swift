import MawsData
import MawsDataTestSupport
import MawsDataTools
import MawsPlan
import Testing

@Suite struct ClassNumberTests {
    private static let names = ["ant", "bee", "cow"]

    @Test(arguments: ["folder:", "list:"])
    func classesHaveOneNumberInAllSplitsOfAPlan(kind: String) throws {
        let folder = try Self.folder()
        let (train, test) =
            kind == "folder:" ? ("folder:train", "folder:test") : ("list:train.csv", "list:test.csv")
        let plan = Self.plan(train: train, test: test)
        let data = try PlanData(plan: plan, root: folder.path)
        #expect(data.classes.names == Self.names)
        #expect(try Self.classes(plan, "train", folder) == [0, 0, 1, 1, 2, 2])
        #expect(try Self.classes(plan, "test", folder) == [0, 0, 2, 2])
    }

    @Test func packedShardsAreNumberedByTheirFilesOfNames() throws {
        let folder = try Self.folder()
        for split in ["train", "test"] {
            _ = try RowPacker.folder(
                folder.path(split), classFolders: true, target: PackTarget(output: folder.path("out"), prefix: split),
                skipsBadRows: false
            ).pack()
        }
        let plan = Self.plan(train: "out/train-0000.tar", test: "out/test-0000.tar")
        #expect(try Self.classes(plan, "test", folder) == [0, 0, 2, 2], "its own numbers are 0 and 1")
        let mixed = Self.plan(train: "folder:train", test: "out/test-0000.tar")
        #expect(try Self.classes(mixed, "test", folder) == [0, 0, 2, 2])
    }

    @Test func splitKeepsTheNamesOfClasses() throws {
        let folder = try Self.folder()
        _ = try RowPacker.folder(
            folder.path("train"), classFolders: true, target: PackTarget(output: folder.path("out"), prefix: "all"),
            skipsBadRows: false
        ).pack()
        for shards in [folder.path("out/all-0000.tar"), "folder:" + folder.path("train")] {
            _ = try ShardSplitter(
                shards: [shards], target: PackTarget(output: folder.path("split"), prefix: "parts", isForced: true),
                names: ("train", "test"), share: 0.5, seed: 1
            ).split()
            #expect(try folder.text("split/parts-classes.txt") == "ant\nbee\ncow\n")
            let dataset = try Dataset(Fixture.split(["parts-test-0000.tar"]), root: folder.path("split"))
            #expect(dataset.classes.names == Self.names)
        }
    }

    @Test func namesOfAnotherPackAreNotTaken() throws {
        let folder = try Self.folder()
        _ = try RowPacker.folder(
            folder.path("train"), classFolders: true, target: PackTarget(output: folder.path("out"), prefix: "my"),
            skipsBadRows: false
        ).pack()
        try folder.shard("out/my-photos-0000.tar", try Fixture.members(3))
        let dataset = try Dataset(Fixture.split(["my-photos-0000.tar"]), root: folder.path("out"))
        #expect(dataset.classes.names == nil)
    }

    @Test func numbersBesideNamesAreRefused() throws {
        let folder = try Self.folder()
        try folder.shard("plain.tar", try Fixture.members(3))
        let sentence = Fixture.sentence {
            _ = try PlanData(plan: Self.plan(train: "folder:train", test: "plain.tar"), root: folder.path)
        }
        #expect(
            sentence?.hasPrefix(
                "Split 'test' has numbers for classes (.cls members), but split 'train' has names (ant, bee, cow, …)")
                == true)
        let merged = Fixture.sentence {
            _ = try ShardSplitter(
                shards: ["folder:" + folder.path("train"), folder.path("plain.tar")],
                target: PackTarget(output: folder.path("s"), prefix: "s"), names: ("train", "test"), share: 0.5,
                seed: 1
            ).split()
        }
        #expect(merged?.contains("nothing says which is which") == true)
    }

    @Test func theLinesOfAFileOfClassesAreTheNumbersWhereNamesMatch() throws {
        let folder = try Self.folder()
        try folder.write("Cow, cattle\nhoney bee, BEE\nyak\nant\n", "classes.txt")
        let plan = Self.plan(train: "folder:train", test: "folder:test", classes: "classes.txt")
        let data = try PlanData(plan: plan, root: folder.path)
        #expect(data.classes.names == ["cow", "bee", "yak", "ant"] && data.classes.notes.isEmpty)
        #expect(try Self.classes(plan, "test", folder) == [3, 3, 0, 0])
    }

    @Test(arguments: [
        ("ant\nbee\n", "classes.txt has no line for the class 'cow', which the data has; give each of its 3 classes"),
        ("a\nb\n", "classes.txt has 2 classes, but the data has 3 (ant, bee, cow)"),
        ("a\nb\nc\nd\n", "classes.txt has 4 classes, but the data has 3 (ant, bee, cow)"),
        ("ant, bee\ncow\n", "classes.txt, line 1: 'ant' and 'bee' are two classes of the data"),
    ])
    func aFileOfClassesThatDoesNotFitIsRefused(text: String, expected: String) throws {
        let folder = try Self.folder()
        try folder.write(text, "classes.txt")
        let sentence = Fixture.sentence {
            _ = try PlanData(
                plan: Self.plan(train: "folder:train", test: "folder:test", classes: "classes.txt"), root: folder.path)
        }
        #expect(sentence?.contains(expected) == true, "\(sentence ?? "nothing")")
    }

    @Test func namesThatAreNowhereInTheDataAreTakenInOrderAndSaid() throws {
        let folder = try Self.folder()
        try folder.write("Ameise\nBiene\nKuh\n", "classes.txt")
        let data = try PlanData(
            plan: Self.plan(train: "folder:train", test: "folder:test", classes: "classes.txt"), root: folder.path)
        #expect(data.classes.notes.first?.contains("'Ameise' for 'ant', 'Kuh' for 'cow'") == true)
    }

    @Test func splitsThatNoEvaluationReadsDoNotNumberClasses() throws {
        let folder = try Self.folder()
        try folder.write(try Fixture.png(1), "photos/2024/a.png")
        try folder.write(try Fixture.png(1), "photos/summer/b.png")
        var plan = Self.plan(train: "folder:train", test: "folder:test")
        plan.data.append(Fixture.split(["folder:photos"], name: "photos"))
        plan.data[2].vocabulary = nil
        plan.data[2].tokenizer = nil
        #expect(try PlanData(plan: plan, root: folder.path).classes.names == Self.names)
    }

    /// `train` with two images of each of three classes, `test` with two of the first and the last, as folders and
    /// lists.
    static func folder() throws -> Folder {
        let folder = try Folder()
        for (split, classes) in [("train", Self.names), ("test", ["ant", "cow"])] {
            var rows = "image,class\n"
            for (number, name) in classes.enumerated() {
                for image in 0..<2 {
                    try folder.write(try Fixture.png(UInt8(10 * number + image)), "\(split)/\(name)/\(image).png")
                    rows += "\(split)/\(name)/\(image).png,\(name)\n"
                }
            }
            try folder.write(rows, "\(split).csv")
        }
        try folder.write("a photo of a {}\n", "templates.txt")
        return folder
    }

    static func plan(train: String, test: String, classes: String? = nil) -> Plan {
        var plan = Fixture.plan(
            [("train", train), ("test", test)].map { name, path in
                DataSplitPlan(name: name, shards: [path], vocabulary: nil, tokenizer: nil, skipLimit: 0)
            })
        plan.stages = [Fixture.stage(.linear)]
        if let classes {
            var stage = Fixture.stage(.zeroshot)
            stage.on = "test"
            stage.task = ZeroShotTask(templates: "templates.txt", classes: classes)
            plan.stages.append(stage)
        }
        return plan
    }

    /// What an evaluation takes the samples of a split for.
    private static func classes(_ plan: Plan, _ split: String, _ folder: Folder) throws -> [Int] {
        var stage = Fixture.stage(.linear)
        stage.on = split
        let data = try PlanData(plan: plan, root: folder.path)
        let loader = try BatchLoader(
            plan: plan, stage: stage, stageIndex: 0, root: folder.path, classes: data.classes)
        let all = try (0..<loader.unitCount).map {
            try loader.batch(step: 0, unit: $0).target(as: ClassTarget.self).classes
        }
        // The split that is fitted on comes first.
        let fitted = data.sampleCount("train", for: stage)
        return Array(all.joined().dropFirst(fitted))
    }
}

extension ClassNumberTests {
    @Test func splitSaysWhichClassesAreOnOneSideAlone() throws {
        let folder = try Self.folder()
        let result = try ShardSplitter(
            shards: ["folder:" + folder.path("train")],
            target: PackTarget(output: folder.path("split"), prefix: "parts"), names: ("train", "test"), share: 0.001,
            seed: 1
        ).split()
        let account = result.account
        #expect(result.notes == ["parts-train: 6 samples, parts-test: 0 samples"])
        #expect(result.warnings.count == 1 && result.warnings[0].hasPrefix("parts-test got none of the 6 samples"))
        #expect(account.takenCount == 6)
        #expect(account.count(.incomplete, "of a class that the other set lacks") == 6)
        #expect(account.entries(.incomplete).contains { $0.examples == ["ant", "bee"] })
    }

    @Test func aFolderHasClassesWhereItHasFolders() throws {
        let folder = try Self.folder()
        try folder.write(try Fixture.png(1), "train/loose.png")
        for (classFolders, expected) in [(nil, 6), (false, 0)] as [(Bool?, Int)] {
            let account = try RowPacker.folder(
                folder.path("train"), classFolders: classFolders,
                target: PackTarget(output: folder.path("out"), prefix: "p"), skipsBadRows: false
            ).pack().account
            #expect(7 - account.count(.incomplete, SampleAccount.noClass) == expected)
        }
    }

    /// As ImageNet's own list has the bird and the machine, and swimsuits.
    @Test func namesOfSeveralClassesAreCounted() {
        let clashes = ClassNameClashes([
            ["crane"], ["maillot"], ["maillot", "tank suit"], ["cat"], ["crane"], ["Cat", "lynx"], ["a", "b"],
            ["b", "a"],
            ["crane"],
        ])
        #expect(clashes.alike?.count == 3 && clashes.alike?.example == "'crane' on lines 1 and 5")
        #expect(clashes.shared?.count == 2 && clashes.shared?.example == "'maillot' on lines 2 and 3")
        let plain = ClassNameClashes([["crane bird"], ["construction crane"], ["cat", "cat"]])
        #expect(plain.alike == nil && plain.shared == nil)
    }

    @Test func aNameWithACommaIsItsLineOfTheFileOfClasses() throws {
        let folder = try Self.folder()
        try folder.write(
            "image,class\ntrain/ant/0.png,\"dog, big\"\ntrain/bee/0.png,cat\ntrain/cow/0.png,dog\n", "a.csv")
        try folder.write("cat\ndog,big\ndog\n", "classes.txt")
        let plan = Self.plan(train: "list:a.csv", test: "list:a.csv", classes: "classes.txt")
        let classes = try PlanData(plan: plan, root: folder.path).classes
        #expect(classes.names == ["cat", "dog, big", "dog"] && classes.notes.isEmpty)
        #expect(try Self.classes(plan, "test", folder) == [1, 0, 2])
    }

    @Test(arguments: [
        (["caf\u{E9}", "cafe\u{301}", "b"], 2, "1 of the classes has spellings that are taken for one ('caf\u{E9}'"),
        (["1", "01", "2", "02"], 2, "2 of the classes have spellings that are taken for one ('01' and '1')"),
        (["1", "cat", "7"], 3, "2 of the 3 classes are called by numbers (1) and the others by names (cat): all"),
    ])
    func classesOfSeveralSpellingsAreSaid(names: [String], count: Int, words: String) throws {
        let folder = try Folder()
        try folder.write(Fixture.png(1), "a.png")
        try folder.write("image,class\n" + names.map { "a.png,\($0)\n" }.joined(), "list.csv")
        let result = try RowPacker.list(
            folder.path("list.csv"), target: PackTarget(output: folder.path("out"), prefix: "p"), skipsBadRows: false
        ).pack()
        #expect(result.notes.contains { $0.contains(words) }, "\(result.notes)")
        let survey = try ShardSurvey(shards: ["list:" + folder.path("list.csv")])
        #expect(survey.notes.contains { $0.contains(words) }, "\(survey.notes)")
        let dataset = try Dataset(Fixture.split(["list:list.csv"]), root: folder.path)
        #expect(Set(try (0..<names.count).map { try dataset.sample($0).classIndex }).count == count)
    }

    @Test func namesOfSeveralPartsAreSaidWhereTheFileOfClassesIsWritten() throws {
        let folder = try Folder()
        try folder.write(Fixture.png(1), "a.png")
        try folder.write("image,class\na.png,\"dog, big\"\na.png,cat\n", "list.csv")
        let result = try RowPacker.list(
            folder.path("list.csv"), target: PackTarget(output: folder.path("out"), prefix: "p"), skipsBadRows: false
        ).pack()
        #expect(result.notes.contains { $0.contains("1 of the classes has a name with a comma ('dog, big')") })
        #expect(try folder.text("out/p-classes.txt") == "cat\ndog, big\n")
    }
}
