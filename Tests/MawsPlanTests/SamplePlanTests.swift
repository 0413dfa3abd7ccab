import Foundation
import MawsPlan
import Testing

/// The plans under `Deploy/plans`, loaded against empty files where they expect data.
@Suite struct SamplePlanTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Deploy/plans").standardized.path

    @Test(arguments: ["quickstart", "claim-fashion", "remote", "vit-b16-paper", "emoji", "faults"])
    func aSamplePlanIsValidOnceItsDataIsThere(_ name: String) throws {
        let fixture = try PlanFixture()
        let path = "\(Self.folder)/\(name).yaml"
        let plan = try Self.load(path, fixture)
        #expect(plan.run.hasPrefix("runs/"))
        try fixture.write("resolved.yaml", plan.yaml())
        #expect(try Self.load("\(fixture.root)/resolved.yaml", fixture) == plan)
    }

    @Test func thePapersPlanUsesThePapersRecipes() throws {
        let plan = try Self.load("\(Self.folder)/vit-b16-paper.yaml", PlanFixture())
        #expect(plan.model.image == ImageModelPlan.named("vit_b16"))
        for stage in plan.stages where stage.trains {
            let preset = RecipePreset.first(of: type(of: stage.task))
            #expect(stage.recipe == preset.recipe && stage.batch == preset.batch && stage.epochs == preset.epochs)
        }
    }

    @Test func bothArmsOfTheClaimTakeTheSameSteps() throws {
        let plan = try Self.load("\(Self.folder)/claim-fashion.yaml", PlanFixture())
        var alone = try #require(plan.stage("wsp-alone"))
        let both = try #require(plan.stage("wsp-from-mae"))
        #expect(both.stepCount(samples: 60_000) == alone.stepCount(samples: 60_000))
        (alone.name, alone.from) = (both.name, both.from)
        #expect(alone == both)
    }

    /// Loads a plan, making each file it misses.
    private static func load(_ path: String, _ fixture: PlanFixture) throws -> Plan {
        var made = 0
        while true {
            do {
                return try PlanLoader.load(path: path, root: fixture.root, cores: 2) { _ in PlanFixture.tokens }
            } catch {
                let faults = if case .several(let all) = error { all } else { [error] }
                for fault in faults {
                    guard case .missingFile(_, let file, _, _) = fault, made < 2000 else { throw error }
                    made += 1
                    try fixture.write(file, "boot\t1\n")
                }
            }
        }
    }
}
