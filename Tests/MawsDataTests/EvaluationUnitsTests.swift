import MawsData
import MawsDataFiles
import MawsDataTestSupport
import MawsPlan
import Testing

struct EvaluationUnitsTests {
    @Test(arguments: [StageKind.linear, .zeroshot])
    func unitsHaveTheSamplesThatAreRead(_ kind: StageKind) throws {
        let folder = try Fixture.folder(count: 10)
        var train = Fixture.split(["train.tar"])
        try folder.write("train.tar\t3\ts3\tcopy\ntrain.tar\t8\ts8\tcopy\n", "exclude.txt")
        train.exclude = "exclude.txt"
        try folder.write("zero\none\n", "classes.txt")
        try folder.write("a {}\n", "templates.txt")
        var stage = Fixture.stage(kind)
        if kind == .zeroshot { stage.task = ZeroShotTask(templates: "templates.txt", classes: "classes.txt") }
        let splits = [train, Fixture.split(["test.tar"], name: "test")]
        var plan = Fixture.plan(splits)
        plan.stages = [stage]
        let data = try PlanData(plan: plan, root: folder.path)
        let units = try #require(try EvaluationUnits(plan: plan, stage: stage, data: data, root: folder.path))
        let loader = try BatchLoader(plan: plan, stage: stage, stageIndex: 0, root: folder.path)
        #expect(units.count == loader.unitCount)
        for unit in 0..<units.count {
            #expect(try units.samples(of: unit).samples == loader.batch(step: 0, unit: unit).samples)
        }
        #expect((0..<units.count).map { units.samples(of: $0).split } == (kind == .linear ? [0, 0, 1, 1] : [0, 0]))
    }

    /// Left out, its units would be those of the next split.
    @Test func aSplitThatIsNotThereIsAnError() throws {
        let folder = try Fixture.folder(count: 10)
        var plan = Fixture.plan([Fixture.split(["train.tar"]), Fixture.split(["test.tar"], name: "test")])
        let stage = Fixture.stage(.linear)
        plan.stages = [stage]
        let data = try PlanData(plan: plan, root: folder.path)
        plan.data.removeFirst()
        #expect(throws: DataError.self) {
            try EvaluationUnits(plan: plan, stage: stage, data: data, root: folder.path)
        }
    }

    @Test func aStageThatTrainsHasNone() throws {
        let folder = try Fixture.folder(count: 10)
        let plan = Fixture.plan([Fixture.split(["train.tar"])])
        let data = try PlanData(plan: plan, root: folder.path)
        #expect(try EvaluationUnits(plan: plan, stage: Fixture.stage(.mae), data: data, root: folder.path) == nil)
    }
}
