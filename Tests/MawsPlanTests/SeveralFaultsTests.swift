import Foundation
import MawsPlan
import Testing

/// All faults of a plan at once, and none that is only a consequence of another.
@Suite struct SeveralFaultsTests {
    let fixture: PlanFixture

    init() throws { fixture = try PlanFixture() }

    /// The small plan with several changes, and the sentences it is refused with.
    private func sentences(_ changes: [(String, String)]) -> [String] {
        var text = PlanFixture.plan
        for (old, new) in changes {
            #expect(text.contains(old))
            text = text.replacingOccurrences(of: old, with: new)
        }
        return fixture.sentence(text).split(separator: "\n").map(String.init)
    }

    @Test func everyFaultIsToldInTheOrderOfLines() {
        let found = sentences([
            ("seed: 7", "seed: seven\ncluster: {servers: 0, trainer: 2}"), ("epochs: 2", "epochs: 0, btach: 3"),
        ])
        #expect(found.count == 5, "\(found)")
        #expect(found[0].contains("seed: expected a whole number"))
        #expect(found.contains { $0.contains("cluster.servers: expected a whole number from 1") })
        #expect(found.contains { $0.contains("cluster.trainer: there is no such field; did you mean `trainers`?") })
        #expect(found.contains { $0.contains("stages.mae.epochs: expected a number above 0") })
        #expect(found.contains { $0.contains("stages.mae.btach: there is no such field; did you mean `batch`?") })
        let lines = found.compactMap { $0.split(separator: ":").dropFirst().first.flatMap { Int($0) } }
        #expect(lines == lines.sorted())
    }

    /// Each is told at the first round, whatever else is wrong in its map.
    @Test func faultsOfOneMapThatDoNotDependOnEachOtherAreToldTogether() {
        let sizes = sentences([
            ("size: 28, channels: 1, patch: 4, width: 32", "size: 30, channels: 1, patch: 4, width: 34")
        ])
        #expect(sizes.count == 3, "\(sizes)")
        #expect(sizes.contains { $0.contains("model.image.size: 30 is not a multiple of `patch`") }, "\(sizes)")
        #expect(sizes.contains { $0.contains("model.image.width: 34 is not a multiple of `heads`") }, "\(sizes)")
        #expect(sizes.contains { $0.contains("model.image.width: 34 is not a multiple of 4") }, "\(sizes)")
        let files = sentences([("data/templates.txt", "data/t.txt"), ("data/classes.txt", "data/c.txt")])
        #expect(files.count == 2, "\(files)")
    }

    @Test func aMisspeltStageDoesNotMakeFaultsOfThoseThatStartFromIt() {
        let found = sentences([("- mae:", "- mea:"), ("seed: 7", "sede: 7")])
        #expect(found.count == 2, "\(found)")
        #expect(found[0].contains("sede") && found[1].contains("did you mean `mae`?"))
    }

    @Test func aFileThatIsNotThereIsToldOnceThoughStagesNeedIt() throws {
        let text = PlanFixture.plan
        let vocabulary = try #require(text.firstMatch(of: /vocabulary: (\S+)/)).output.1
        let found = sentences([(String(vocabulary), "nowhere.txt"), ("epochs: 2", "epochs: two")])
        #expect(found.count == 2, "\(found)")
        #expect(found[0].contains("nowhere.txt") && found[1].contains("stages.mae.epochs"))
    }

    @Test(arguments: [
        ("20", "expected a size with its unit, such as `8G` or `512M`, found `20`"),
        ("100K5", "expected a size with its unit"), ("lots", "expected a size with its unit"),
    ])
    func aSizeWithoutItsUnitIsRefused(_ text: String, _ sentence: String) {
        let found = sentences([("seed: 7", "seed: 7\ncluster: {local: true, memory: \(text)}")])
        #expect(found.count == 1 && found[0].contains("cluster.memory: \(sentence)"), "\(found)")
    }

    @Test(arguments: ["8G", "8GiB", "8g", "8589934592"])
    func aSizeIsReadAsPeopleWriteIt(_ text: String) throws {
        let plan = PlanFixture.plan.replacingOccurrences(
            of: "seed: 7", with: "seed: 7\ncluster: {local: true, memory: \(text)}")
        #expect(fixture.sentence(plan) == "")
    }

    @Test func heartbeatsFasterThanTheyAreSentAreRefused() {
        let found = sentences([("seed: 7", "seed: 7\ncluster: {local: true, heartbeat: 5ms}")])
        #expect(found.count == 1 && found[0].contains("expected a duration of at least 2s, found `5ms`"), "\(found)")
    }

    @Test func aTabIsNamedAsWhatItIs() {
        let found = sentences([("  - mae:", "\t- mae:")])
        #expect(found == ["plan.yaml:15: this is not valid YAML: the line begins with a tab; indent with spaces."])
    }

    @Test(arguments: ["run: ~/runs/small", "run: $HOME/runs/small"])
    func whatOnlyAShellExpandsIsRefused(_ line: String) {
        let found = sentences([("run: runs/small", line)])
        #expect(found.count == 1 && found[0].contains("run: expected a path without `~` and `$`"), "\(found)")
        let files = sentences([("data/vocabulary.tsv", "~/vocabulary.tsv"), ("data/train-{00..01}.tar", "~/a.tar")])
        #expect(files.count == 2 && files.allSatisfy { $0.contains("which a plan does not expand") }, "\(files)")
    }

    @Test(arguments: [
        ("s3://photos/a.tar", "`pipe:aws s3 cp s3://photos/a.tar -`"),
        ("gs://photos/a.tar", "`pipe:gcloud storage cat"),
        ("file:///data/a.tar", "write the path alone, without `file://`"),
        ("hdfs://h/a.tar", "an address of a kind that is not read (`hdfs://`)"),
    ])
    func anAddressThatIsNotReadIsOneSentenceThatSaysWhatToDo(_ address: String, _ words: String) {
        let places = [
            ("data/train-{00..01}.tar", "data.train.shards"), ("data/vocabulary.tsv", "data.train.vocabulary"),
            ("runs/small", "run"),
        ]
        for (path, field) in places {
            let found = sentences([(path, address)])
            #expect(found.count == 1 && found[0].contains("\(field): `\(address)` "), "\(found)")
            #expect(found[0].contains(words), "\(found)")
        }
        #expect(PathText.problem("folder:" + address) != nil && PathText.problem("list:~/a.csv") != nil)
    }

    @Test(arguments: ["a:b/c.tar", "https://h/a.tar", "http://h/a.tar", "pipe:cat s3://x", "1://a", "a~b"])
    func whatIsReadIsNoFault(_ path: String) { #expect(PathText.problem(path, mayBeRemote: true) == nil) }

    @Test(arguments: ["https://h/a.tsv", "HTTP://h/a"])
    func onlyShardsAreReadFromAnAddress(_ address: String) {
        for (path, field) in [("data/vocabulary.tsv", "data.train.vocabulary"), ("runs/small", "run")] {
            let found = sentences([(path, address)])
            #expect(found.count == 1 && found[0].contains("\(field): `\(address)` is an address"), "\(found)")
            #expect(found[0].contains("nothing but shards is read from one"), "\(found)")
        }
        #expect(PathText.problem("folder:" + address, mayBeRemote: true)?.contains("give a path") == true)
    }

    @Test func anAddressOfShardsInCapitalsIsToldAsItIsWritten() {
        let found = sentences([("data/train-{00..01}.tar", "HTTP://h/a.tar")])
        #expect(found.count == 1 && found[0].contains("data.train.shards: `HTTP://h/a.tar` begins"), "\(found)")
        #expect(found[0].contains("write `http://`"), "\(found)")
    }

    @Test func aPathStandsOnOneLine() {
        let found = sentences([("run: runs/small", #"run: "runs\nsmall""#)])
        #expect(found.count == 1 && found[0].contains("run: this path has line breaks or control codes"), "\(found)")
    }

    @Test func aStageThatIsNotThereIsToldWithThoseThatAre() {
        let found = sentences([("from: wsp", "from: pretraining")])
        #expect(
            found == [
                "plan.yaml:17: stages.linear.from: there is no earlier stage `pretraining`; it may start from `mae`, "
                    + "`wsp`."
            ])
    }

    @Test(arguments: [("lr: 0.1", "learning_rate"), ("batch_size: 64", "batch"), ("epoch: 3", "epochs")])
    func whatOtherToolsCallAFieldIsUnderstood(_ field: String, _ name: String) {
        let found = sentences([("mae: {", "mae: {\(field), ")])
        #expect(found.count == 1 && found[0].hasSuffix("did you mean `\(name)`?"), "\(found)")
    }

    @Test func aFolderIsNoPlan() {
        #expect(throws: PlanError.unreadable(file: fixture.root, reason: "it is a folder")) {
            try PlanLoader.load(path: fixture.root) { _ in 1 }
        }
    }
}
