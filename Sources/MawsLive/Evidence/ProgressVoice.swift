/// Says what happens, and where a run is when nothing was said for a while.
struct ProgressVoice {
    private static let silenceSeconds = 30.0
    private let speak: (String) -> Void
    private var spokenAt = LiveRun.now

    init(_ speak: @escaping (String) -> Void) { self.speak = speak }

    mutating func say(_ text: String) {
        speak(text)
        spokenAt = LiveRun.now
    }

    mutating func tell(_ watch: CommitWatch) {
        guard LiveRun.now - spokenAt > Self.silenceSeconds else { return }
        say(watch.sightings.last.map { "... step \($0.key) is committed" } ?? "... no step is committed yet")
    }
}
