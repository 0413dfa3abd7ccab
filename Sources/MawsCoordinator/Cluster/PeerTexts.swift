import MawsBase
import MawsWire

/// Texts that peers send, before anybody reads them in a log, a table or a file: one line each, without control codes,
/// of bounded length, without the secrets of addresses.
package enum PeerTexts {
    /// Paths and names of samples may be long.
    private static let pathCharactersMax = 1000

    /// The message with its texts made fit to be shown.
    package static func plain(_ message: Message) -> Message {
        switch message {
        case .unitFailed(var failed):
            failed.reason = line(failed.reason)
            failed.sample = failed.sample.map(plain)
            return .unitFailed(failed)
        case .unitDone(var done):
            done.skipped = done.skipped.map { line($0, pathCharactersMax) }
            return .unitDone(done)
        case .unavailable(let reply, let reason): return .unavailable(reply, line(reason))
        case .hello(let hello): return .hello(plain(hello))
        default: return message
        }
    }

    package static func plain(_ hello: Hello) -> Hello {
        var hello = hello
        hello.dataFingerprint = line(hello.dataFingerprint)
        hello.computeProfile = line(hello.computeProfile)
        return hello
    }

    private static func plain(_ sample: LostSample) -> LostSample {
        var sample = sample
        sample.shard = line(sample.shard, pathCharactersMax)
        sample.member = line(sample.member, pathCharactersMax)
        sample.reason = line(sample.reason)
        return sample
    }

    private static func line(_ text: String, _ charactersMax: Int = PlainText.peerCharactersMax) -> String {
        Secrets.hidden(in: PlainText.line(text, charactersMax: charactersMax))
    }
}
