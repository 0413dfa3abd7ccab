import MawsCoordinator
import MawsProtocol
import Testing

/// Sentences for the person whose run cannot start or go on.
struct CoordinatorErrorTests {
    private func names(_ count: Int) -> [String] { (0..<count).map { "p\($0)" } }

    @Test(arguments: [(1, "(p0)"), (3, "(p0, p1, p2)"), (4, "(p0, p1, p2 and 1 more)"), (9, "(p0, p1, p2 and 6 more)")])
    func whatIsNotNamedIsCounted(count: Int, list: String) {
        let error = CoordinatorError.missingParameters(stage: "wsp", from: "mae", names: names(count))
        #expect("\(error)".hasPrefix("stage wsp needs parameters that the checkpoint of mae does not have \(list);"))
    }

    @Test(arguments: [(0, "not finite; the step"), (2, "not finite, after 2 skipped steps in a row; the step")])
    func skippedStepsBeforeOneThatIsNotFiniteAreCounted(skipped: Int, sentence: String) {
        let values = NonFiniteValues(units: [3], blocks: [])
        let error = CoordinatorError.notFinite(NonFiniteStep(stage: "mae", step: 7, values: values), skipped: skipped)
        #expect("\(error)".hasPrefix("stage mae, step 7: the loss of unit 3 is \(sentence) was not committed"))
    }

    /// Each on a line of its own, without what an address keeps secret.
    @Test func samplesThatWereSkippedAreListedWithoutSecrets() {
        let error = CoordinatorError.tooManySkipped(
            stage: "mae", skipped: 12, allowed: 10, list: ["https://me:word@host/a.tar?sig=1: 04", "b.tar: 05"])
        #expect(
            "\(error)".split(separator: "\n") == [
                "the trainers of stage mae found 12 unreadable samples and skip_limit allows 10; repair the data or "
                    + "raise skip_limit:",
                "  https://***@host/a.tar?sig=***: 04", "  b.tar: 05",
            ])
    }

    @Test func everySentenceSaysWhatToDoAndHidesSecrets() {
        let address = "http://me:word@host/a"
        let advice: [(CoordinatorError, String)] = [
            (
                .planChanged(run: "r", changes: [address, "b"]),
                "change it back, or give the new plan another run folder"
            ),
            (.otherProfile(run: address, recorded: "a", wanted: "b"), "take the field out"),
            (.alreadyRunning(run: address), "stop it first, or watch it with"),
            (.badReport(stage: address, step: 1), "check that all processes run one version"),
            (
                .otherShape(stage: "a", name: address, shape: [1], from: "b", found: [2]),
                "give both stages the same size"
            ),
            (.nothingToGoOnFrom(run: "r", reason: address), "put back what is missing"),
            (.childKeepsDying(name: "server-0", times: 5, lastLine: address), "its log ends with: "),
            (.badAddress(address), "expected "),
            (.violated([address, "b"]), "start it again, and report this"),
            (.missingProgram(address), "build the whole package"),
            (.cannotStart(address, reason: "no"), "cannot be started: no"),
            (.notARunFolder("r", holds: address), "give the run a folder of its own"),
            (.noCertificates(folder: address), "make the cluster's certificates with"),
            (.badBeginning(address), "http://"),
        ]
        for (error, text) in advice {
            #expect("\(error)".contains(text) && "\(error)".contains("***@host") && !"\(error)".contains("word"))
        }
    }
}
