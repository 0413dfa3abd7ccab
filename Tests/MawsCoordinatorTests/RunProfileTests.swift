import MawsBase
import MawsCoordinator
import MawsDatabase
import MawsPlan
import Testing

/// What all trainers of a run compute with.
struct RunProfileTests {
    private let other = "onednn; oneDNN 2.6.3; avx2; avx2"
    private let own = "reference; OpenBLAS 0.3; haswell; avx2"

    private func identity(_ run: RunFixture, step: UInt64?, profile: String?) -> RunIdentity {
        RunIdentity(
            id: "run", plan: run.plan.canonicalJSON, term: Term(1), stage: step.map { _ in StageIndex(0) },
            step: step.map { StepIndex($0) }, computeProfile: profile)
    }

    @Test func aPlanWithoutOneTakesWhatTheFirstStartHad() throws {
        let run = try RunFixture()
        let settled = try RunProfile.settled(run.plan, identity(run, step: 3, profile: other))
        #expect(settled?.description == other)
        // The first start has this machine's own.
        #expect(try RunProfile.settled(run.plan, identity(run, step: nil, profile: nil)) != nil)
    }

    @Test func thePlansOwnCountsUntilAStepIsCommitted() throws {
        // A local run of another machine's profile is refused before it gets here.
        let run = try RunFixture(fields: "compute_profile: '\(own)'\ncluster: {servers: 1}")
        for (step, profile) in [(nil, nil), (nil, other), (UInt64(0), other), (3, own)] as [(UInt64?, String?)] {
            #expect(try RunProfile.settled(run.plan, identity(run, step: step, profile: profile))?.description == own)
        }
        let error = #expect(throws: CoordinatorError.self) {
            try RunProfile.settled(run.plan, identity(run, step: 1, profile: other))
        }
        #expect(error == .otherProfile(run: run.plan.run, recorded: other, wanted: own))
    }

    /// Who wants no equal bits lets everybody compute as it can.
    @Test func withoutBitIdentityNobodyHasToHaveIt() throws {
        let run = try RunFixture(fields: "bit_identity: off")
        #expect(try RunProfile.settled(run.plan, identity(run, step: 3, profile: nil)) == nil)
        #expect(try RunProfile.settled(run.plan, identity(run, step: 3, profile: other))?.description == other)
    }
}
