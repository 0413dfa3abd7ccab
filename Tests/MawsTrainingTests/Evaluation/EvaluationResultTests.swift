import Foundation
import MawsPlan
import MawsTraining
import Testing

/// What a trainer says that it predicted is its word: an evaluation takes what a worker says of the unit's samples, and
/// nothing else.
struct EvaluationResultTests {
    private static let unit = UnitSamples(numbers: [4, 5, 7], isScored: true, unreadableCount: 1)
    private static let place = UnitPlace(step: 0, phase: 0, unit: 0)
    private static let fit = UnitPlace(step: 0, phase: 1, unit: 0)
    private static let ofFit = UnitSamples(numbers: [], isScored: true, unreadableCount: 0)

    private static func evaluation(_ kind: StageKind) throws -> any StageEvaluation {
        let fixture = PretrainingFixture(.linear)
        var stage = fixture.stage
        // Nothing of the text tower is asked for.
        if kind == .zeroshot { stage.task = ZeroShotTask(templates: "", classes: "") }
        return try #require(StageDefinitions.of(stage, in: fixture.plan).evaluation(classNames: ["boot", "bag"]))
    }

    private static func json(_ value: some Encodable) throws -> [UInt8] { [UInt8](try JSONEncoder().encode(value)) }

    private static func predictions(_ samples: [Int]) throws -> [UInt8] {
        try json(
            samples.map {
                ClassificationResult.Sample(sample: $0, truth: $0 % 2, prediction: 1, score: 0.5, truthScore: 0.25)
            })
    }

    private static func fault(
        _ evaluation: any StageEvaluation, _ result: [UInt8], at place: UnitPlace = EvaluationResultTests.place,
        of samples: UnitSamples = EvaluationResultTests.unit
    ) -> String? {
        var evaluation = evaluation
        do {
            try evaluation.add(result, from: place, of: samples)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: [
        ([5, 7, 5], "says something of a sample twice"),
        ([4, 6, 7], "speaks of sample 6, which the unit does not have"),
        ([7], "says nothing of 2 of its 3 samples, and 1 are unreadable"),
    ])
    func predictionsOfOtherSamplesAreRefused(_ samples: [Int], _ expected: String) throws {
        let evaluation = try Self.evaluation(.zeroshot)
        #expect(try Self.fault(evaluation, Self.predictions(samples)) == expected)
        #expect(try Self.fault(evaluation, Self.predictions([4, 7])) == nil)
    }

    @Test(arguments: ["", "{", "{}", "[1]", #"[{"sample": 4}]"#])
    func whatIsNoPredictionIsRefused(_ text: String) throws {
        #expect(try Self.fault(Self.evaluation(.zeroshot), Array(text.utf8)) != nil)
    }

    @Test(arguments: [(-2, 1), (1, -2), (.min, .min)])
    func aClassBelowThatOfNoneIsRefused(_ truth: Int, _ prediction: Int) throws {
        func said(_ truth: Int, _ prediction: Int) -> [ClassificationResult.Sample] {
            [4, 7].map {
                ClassificationResult.Sample(
                    sample: $0, truth: $0 == 4 ? truth : 1, prediction: prediction, score: 0.5, truthScore: 0.25)
            }
        }
        func outcome(_ samples: [ClassificationResult.Sample]) throws -> [UInt8] {
            var outcome = Self.outcome
            outcome.samples = samples
            return try Self.json(outcome)
        }
        let expected = "gives sample 4 the class \(min(truth, prediction))"
        let (prompts, probe) = (try Self.evaluation(.zeroshot), try Self.probe())
        #expect(try Self.fault(prompts, Self.json(said(truth, prediction))) == expected)
        #expect(try Self.fault(prompts, Self.json(said(-1, -1))) == nil)
        #expect(
            try Self.fault(probe, outcome(said(truth, prediction)), at: Self.fit, of: Self.ofFit) == expected)
        #expect(try Self.fault(probe, outcome(said(-1, -1)), at: Self.fit, of: Self.ofFit) == nil)
    }

    @Test func aUnitThatWasComputedTwiceCountsOnce() throws {
        var evaluation = try Self.evaluation(.zeroshot)
        for _ in 0..<2 { try evaluation.add(Self.predictions([4, 5, 7]), from: Self.place, of: Self.unit) }
        let result = try #require(try evaluation.result() as? ClassificationResult)
        #expect(result.samples.map(\.sample) == [4, 5, 7])
    }

    // MARK: The probe

    private static let outcome = ClassificationResult(
        stage: "../other", split: "none", classNames: ["boot", "bag"],
        samples: [7, 4].map {
            ClassificationResult.Sample(sample: $0, truth: $0 % 2, prediction: 1, score: 0.5, truthScore: 0.25)
        },
        fit: probeFit)

    private static var probeFit: ProbeFit {
        var fit = ProbeFit(
            samples: 9, penalty: 1, iterations: 3, objective: 0.5, gradientMax: 0, tolerance: 1e-6, converged: true)
        fit.weightsFile = "../other"
        fit.head = ProbeHead(weight: Data(count: 4 * 2 * 32), bias: Data(count: 4 * 2))
        return fit
    }

    /// With the keys of its first phase.
    private static func probe() throws -> any StageEvaluation {
        var evaluation = try evaluation(.linear)
        try evaluation.add(json([4: "s4", 7: "s7"]), from: place, of: unit)
        try evaluation.add([], from: UnitPlace(step: 0, phase: 0, unit: 1), of: unitOfFit)
        return evaluation
    }

    private static let unitOfFit = UnitSamples(numbers: [0, 1], isScored: false, unreadableCount: 0)

    @Test func aProbesResultBearsTheStagesNameAndTheKeysOfItsSamples() throws {
        var evaluation = try Self.probe()
        try evaluation.add(Self.json(Self.outcome), from: Self.fit, of: Self.ofFit)
        let result = try #require(try evaluation.result() as? ClassificationResult)
        #expect(result.stage == "linear" && result.split == "train" && result.fit?.weightsFile == nil)
        #expect(result.samples.map(\.sample) == [4, 7] && result.samples.map(\.key) == ["s4", "s7"])
    }

    @Test func keysOfOtherSamplesAreRefused() throws {
        let evaluation = try Self.evaluation(.linear)
        #expect(try Self.fault(evaluation, Self.json([4: "a", 6: "b"]))?.contains("sample 6") == true)
        #expect(Self.fault(evaluation, [])?.contains("nothing of 3 of its 3 samples") == true)
        #expect(try Self.fault(evaluation, Self.json([0: "a"]), of: Self.unitOfFit)?.contains("sample 0") == true)
    }

    @Test func aFitThatIsNotTheStagesIsRefused() throws {
        let evaluation = try Self.probe()
        let changes: [(inout ClassificationResult) -> Void] = [
            { $0.samples.removeLast() }, { $0.samples[0].sample = 5 }, { $0.samples[0].truth = 2 },
            { $0.samples[0].prediction = 2 }, { $0.classNames = ["boot", "hat"] }, { $0.fit = nil },
            { $0.fit?.penalty = 2 }, { $0.fit?.head?.bias = Data(count: 4) }, { $0.fit?.head?.weight = Data(count: 4) },
            { for row in $0.samples.indices { $0.samples[row].truth = -1 } },
        ]
        for (index, change) in changes.enumerated() {
            var outcome = Self.outcome
            change(&outcome)
            let fault = try Self.fault(evaluation, Self.json(outcome), at: Self.fit, of: Self.ofFit)
            #expect(fault != nil, "change \(index)")
        }
        #expect(Self.fault(evaluation, [], at: Self.fit, of: Self.ofFit) != nil)
    }
}
