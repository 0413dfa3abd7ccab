import Glibc
import MawsBase
import MawsPlan

/// What can go wrong with data, each as one sentence: what is wrong, where, and what to do.
package enum DataError: Error, CustomStringConvertible, Hashable, Sendable {
    /// A system call failed: `action` is the verb ("open", "read"), `code` the errno.
    case system(action: String, path: String, code: Int32)
    /// A tar file that cannot be read as a shard.
    case shard(path: String, offset: UInt64, problem: String)
    /// A server, or a command, that does not give what is asked for: never a reason to skip a sample, as another
    /// machine may get it.
    case remote(path: String, offset: UInt64, problem: String)
    /// A sample whose content cannot be used.
    case sample(SkippedSample)
    /// A sample that this machine does not get: its source stalls or answers wrongly, or its shard is not as it was
    /// indexed. Whether it is skipped is for the coordinator to say, as another machine may get it.
    case unreachable(UnreachableSample)
    case image(ImageProblem)
    /// A line or row of a text file.
    case line(file: String, line: Int, problem: String)
    case file(path: String, problem: String)
    /// `list` names the first of them.
    case tooManySkipped(split: String, skipped: Int, allowed: Int, samples: Int, list: [SkippedSample])
    /// The plan asks for what its data does not have.
    case stage(name: String, problem: String)
    case tokenizer(path: String, problem: String)
    case output(path: String, problem: String)

    /// Without what may be secret in addresses and commands.
    package var description: String { Secrets.hidden(in: sentence) }

    private var sentence: String {
        switch self {
        case .system(let action, let path, let code):
            "Cannot \(action) \(path): \(String(cString: strerror(code)))\(Self.advice(code, action, path))."
        case .shard(let path, let offset, let problem): "Shard \(path) is unusable at byte \(offset): \(problem)."
        case .remote(let path, let offset, let problem): "Cannot read \(path) from byte \(offset) on: \(problem)."
        case .sample(let sample): "Cannot read sample \(sample)."
        case .unreachable(let found): "Cannot get sample \(found.sample)."
        case .image(let problem): "The image \(problem)."
        case .line(let file, let line, let problem): "\(file), line \(line): \(problem)."
        case .file(let path, let problem): "\(path) \(problem)."
        case .tooManySkipped(let split, let skipped, let allowed, let samples, let list):
            """
            \(skipped) of the \(samples) samples of split '\(split)' are unreadable and its skip_limit allows \
            \(allowed). Repair the shards or raise skip_limit.
            \(list.map { "  \($0)" }.joined(separator: "\n"))\
            \(skipped > list.count ? "\n  … and \(skipped - list.count) more" : "")
            """
        case .stage(let name, let problem): "Stage '\(name)' \(problem)."
        case .tokenizer(let path, let problem): "Tokenizer \(path) \(problem)."
        case .output(let path, let problem): "Cannot write to \(path): \(problem)."
        }
    }

    private static func advice(_ code: Int32, _ action: String, _ path: String) -> String {
        switch code {
        case ENOENT where PathText.problem(path) != nil: "; it \(PathText.problem(path) ?? "")"
        case ENOENT where action != "open": ""
        case ENOENT: "; check the path, or make the data with 'maws data pack'"
        case EISDIR: "; name a file"
        case ENOSPC, EDQUOT: "; free some space and start again, nothing half-written was kept"
        default: ""
        }
    }
}

/// A sample that this machine does not get, and where it was wanted.
package struct UnreachableSample: Hashable, Sendable {
    package var slot: UInt64
    /// Index in its split.
    package var index: Int
    package var sample: SkippedSample

    package init(slot: UInt64, index: Int, sample: SkippedSample) {
        self.slot = slot
        self.index = index
        self.sample = sample
    }
}

/// Why encoded bytes are no image that can be used. Descriptions continue the sentence "The image …".
package enum ImageProblem: Hashable, Sendable, CustomStringConvertible {
    case empty
    case unknownFormat(firstBytes: [UInt8])
    case tooLarge(width: Int, height: Int, limit: Int)
    case unsupported(String)
    case corrupt(format: String, message: String)

    package var description: String {
        switch self {
        case .empty: "is empty"
        case .unknownFormat(let bytes):
            "is neither JPEG, PNG nor WebP \(ContentKind(bytes).map { "but \($0.name) " } ?? "")"
                + "(it starts with the bytes "
                + "\(bytes.prefix(4).map { hexadecimal($0) }.joined(separator: " ")))"
        case .tooLarge(let width, let height, let limit):
            "claims \(width) x \(height) pixels, above the limit of \(limit)"
        case .unsupported(let what): "is \(what), which is not supported; make it a still image in RGB"
        case .corrupt(let format, let message): "is a damaged \(format) file (\(message))"
        }
    }
}

/// Two lower-case hexadecimal digits.
package func hexadecimal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
}
