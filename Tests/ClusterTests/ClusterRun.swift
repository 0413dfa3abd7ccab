import Foundation
import MawsRecords
import Testing

/// A small run of every training stage, by real processes: what tests start, disturb and compare.
struct ClusterRun {
    let folder: String
    var servers = 2
    var trainers = 2
    var threads = 1
    var precision = "fp32"
    var memory = ""
    /// Blocks of the image tower.
    var depth = 2
    var unit = 16
    /// Fields of wsp and lit about it.
    var microBatch = ""
    var maeSteps = 4
    var wspSteps = 3
    var checkpointSteps = 2
    var keep = 2
    /// Further lines at the top level of the plan.
    var extra = ""
    var maeFields = "learning_rate: 0.001"
    var wspFields = "learning_rate: 0.001"
    var litFields = "steps: 3, batch: 80, unit: 16"
    var push = "fp32"
    var moments = "fp32"
    var evaluates = false
    /// Shard to train on instead of the first one of Fashion-MNIST.
    var trainShard: String?
    var skipLimit = 0.01
    /// Whether servers and trainers are started by the test, as on other machines; see `RemoteCluster`.
    var isRemote = false
    var environment: [String: String] = [:]

    init() throws { folder = try TestData.freshFolder() }

    var runFolder: String { folder + "/run" }
    var planPath: String { folder + "/plan.yaml" }

    func program() throws -> Program {
        try write()
        return Program("maws-coord", ["start", "--plan", planPath], environment: environment)
    }

    /// Runs to the end and gives the hash of every training stage's final weights.
    func finish(timeoutSeconds: Double = 600) throws -> [String: String] {
        let program = try program()
        let code = try program.run(timeoutSeconds: timeoutSeconds)
        if code != 0 { throw Program.Failed(description: "the run ended with \(code): \(program.output)\n\(logs())") }
        return try hashes()
    }

    func hashes() throws -> [String: String] {
        let stages = try RunFolder(runFolder).stages()
        return Dictionary(
            uniqueKeysWithValues: stages.compactMap { stage in
                stage.weightsHash.map { (stage.stage, $0) }
            })
    }

    /// Waits until the run has committed this many steps of all stages together.
    func wait(forSteps count: Int, of program: Program, timeoutSeconds: Double = 600) throws {
        let deadline = Date().addingTimeInterval(timeoutSeconds)
        while committedSteps() < count {
            guard program.process.isRunning, Date() < deadline else {
                throw Program.Failed(
                    description: "\(committedSteps()) of \(count) steps: \(program.output)\n\(logs())")
            }
            Thread.sleep(forTimeInterval: 0.002)
        }
    }

    func committedSteps() -> Int {
        guard let text = try? String(contentsOfFile: runFolder + "/metrics.jsonl", encoding: .utf8) else { return 0 }
        return text.split(separator: "\n").count
    }

    func logs() -> String {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: runFolder + "/logs")) ?? []
        return names.sorted().map { name in
            let text = (try? String(contentsOfFile: runFolder + "/logs/" + name, encoding: .utf8)) ?? ""
            return "--- \(name)\n" + text.split(separator: "\n").suffix(15).joined(separator: "\n")
        }.joined(separator: "\n")
    }

    func write() throws { try plan().write(toFile: planPath, atomically: true, encoding: .utf8) }

    func plan() throws -> String {
        let data = try TestData.packed.get()
        let evaluations = """
              - linear: {from: wsp, unit: 500}
              - zeroshot: {unit: 500, templates: \(data)/templates.txt, classes: \(data)/classes.txt}
            """
        let local = "{local: true, \(memory) servers: \(servers), trainers: \(trainers), threads: \(threads)}"
        let remote = "{servers: \(servers), listen: \"127.0.0.1:0\"}"
        return """
            run: \(runFolder)
            seed: 7
            cluster: \(isRemote ? remote : local)
            precision: \(precision)
            data:
              train:
                shards: \(trainShard ?? data + "/fashion-train-0000.tar")
                skip_limit: \(skipLimit)
                vocabulary: \(data)/fashion-hashtags.txt
                tokenizer: \(data)/fashion.model
              test: {shards: "\(data)/fashion-test-0000.tar"}
            model:
              image: {size: 28, channels: 1, patch: 7, width: 48, depth: \(depth), heads: 2}
              text: {width: 32, depth: 1, heads: 2, context: 16, embedding: 24}
            stages:
              - mae:
                  {steps: \(maeSteps), batch: 80, unit: \(unit), moments: \(moments), \(maeFields),
                   decoder: {width: 32, depth: 1, heads: 2}}
              - wsp:
                  {from: mae, steps: \(wspSteps), batch: 80, unit: \(unit)\(microBatch), \(wspFields),
                   clip: 1.0, moments: \(moments)}
              - lit: {image: wsp, \(litFields)\(microBatch), learning_rate: 0.001, moments: \(moments)}
            \(evaluates ? evaluations : "")
            checkpoint: {steps: \(checkpointSteps), keep: \(keep)}
            wire: {push: \(push)}
            \(extra)
            """
    }
}
