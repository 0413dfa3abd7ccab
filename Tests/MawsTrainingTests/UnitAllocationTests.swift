import CAllocationCounter
import Foundation
import MawsBase
import MawsData
import MawsKernels
import MawsPlan
import MawsTensor
import MawsTestSupport
import MawsTraining
import Testing

/// What computing a unit asks of the allocator once its buffers are there: lists, shapes and closures, no activations.
/// The bounds are what it asked for when they were set, and half as much again.
struct UnitAllocationTests {
    private static let steps = 10

    @Test(.enabled(if: maws_counts_work() != 0), arguments: ["mae", "wsp", "lit"], [ElementType.float32, .bfloat16])
    func aSteadyStepAllocatesLittle(_ name: String, _ operands: ElementType) throws {
        let plan = try Self.quickstart()
        let stage = try #require(plan.stages.first { $0.name == name })
        let trial = StageTrial(
            plan: plan, stage: stage, batch: Self.batch(stage, plan), backend: .oneDNN(threads: 1, operands: operands))
        for _ in 0..<2 { try Self.step(trial) }
        let group = maws_count_begin()
        for _ in 0..<Self.steps { try Self.step(trial) }
        maws_count_in(0)
        let counts = maws_counts(group)
        let each = (
            allocations: Int(counts.allocations) / Self.steps, bytes: Int(counts.allocated_bytes) / Self.steps
        )
        print("a steady step of \(name) with \(operands): \(each.allocations) allocations, \(each.bytes) bytes")
        let bound = try #require(Self.bounds[name])
        #expect(each.allocations <= bound.allocations)
        #expect(each.bytes <= bound.bytes)
        #expect(counts.transfers == 0)
    }

    private static let bounds: [String: (allocations: Int, bytes: Int)] = [
        "mae": (22_000, 13_000_000), "wsp": (17_000, 11_500_000), "lit": (16_000, 8_000_000),
    ]

    private static func step(_ trial: StageTrial) throws {
        trial.begin()
        try trial.compute(units: 1)
    }

    /// The quickstart's plan, on files that are empty where nothing reads them.
    private static func quickstart() throws -> Plan {
        let root = FileManager.default.temporaryDirectory.appending(path: "quickstart-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        let shards =
            (0..<12).map { String(format: "fashion-train-%04d.tar", $0) }
            + (0..<2).map { String(format: "fashion-test-%04d.tar", $0) }
        let texts = [
            "fashion-hashtags.txt": (0..<40).map { "tag\($0)\t1\n" }.joined(), "fashion.model": "pieces",
            "templates.txt": "a {}.\n", "classes.txt": "boot\nshirt\n",
        ]
        try FileManager.default.createDirectory(
            at: root.appending(path: "data"), withIntermediateDirectories: true)
        for name in shards { try Data("tar".utf8).write(to: root.appending(path: "data/\(name)")) }
        for (name, text) in texts { try Data(text.utf8).write(to: root.appending(path: "data/\(name)")) }
        let plans = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Deploy/plans")
        return try PlanLoader.load(
            path: plans.appending(path: "quickstart.yaml").standardized.path, root: root.path
        ) { _ in 1000 }
    }

    /// Random pixels, hashtags and captions that fill the context.
    private static func batch(_ stage: StagePlan, _ plan: Plan) -> UnitBatch {
        let inputs = stage.inputs(in: plan).map { input in
            let total = input.standsFor == nil ? stage.unit * input.count : 0
            return input.element == .float32
                ? UnitInput(input, FloatBuffer(randomFloats(total, seed: 1)).all)
                : UnitInput(input, (0..<total).map { 4 + Int32($0 * 7 % 990) })
        }
        return UnitBatch(
            slots: (0..<UInt64(stage.unit)).map { $0 }, samples: Array(0..<stage.unit), inputs: inputs,
            target: LabelTarget((0..<stage.unit).map { [$0 % 40] }))
    }
}
