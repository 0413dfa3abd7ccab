import Foundation
import Yams

/// What the command line says in place of the plan file.
public struct PlanOverrides: Hashable, Sendable {
    public var seed: UInt64?
    public var run: String?

    public init(seed: UInt64? = nil, run: String? = nil) {
        self.seed = seed
        self.run = run
    }
}

/// Reads a plan file, checks every field and fills in every default.
public enum PlanLoader {
    /// - Parameters:
    ///   - path: the plan file. Paths inside it are relative to the working directory, not to the file's folder.
    ///   - cores: cores shared out among the local trainers where the plan names no `threads`; nil: this machine's.
    ///   - tokenizerSize: pieces of the SentencePiece model at this path.
    /// - Throws: the first fault found, with its line and field.
    public static func load(
        path: String, overrides: PlanOverrides = PlanOverrides(), cores: Int? = nil,
        tokenizerSize: @escaping (String) throws -> Int
    ) throws(PlanError) -> Plan {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            let exists = FileManager.default.fileExists(atPath: path)
            throw .unreadable(
                file: path, reason: exists ? "it is not a readable UTF-8 text file" : "there is no such file")
        }
        return try parse(text, file: path, overrides: overrides, cores: cores, tokenizerSize: tokenizerSize)
    }

    /// `load` for a plan that is already in memory; `file` is what errors call it.
    public static func parse(
        _ text: String, file: String, overrides: PlanOverrides = PlanOverrides(), cores: Int? = nil,
        tokenizerSize: @escaping (String) throws -> Int
    ) throws(PlanError) -> Plan {
        let root = try compose(text, file: file)
        let reader = PlanReader(
            cores: cores ?? ProcessInfo.processInfo.activeProcessorCount, overrides: overrides,
            tokenizerSize: tokenizerSize)
        return try reader.plan(root)
    }

    private static func compose(_ text: String, file: String) throws(PlanError) -> PlanNode {
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw syntaxError(error, file: file)
        }
        guard let node else { throw .syntax(file: file, line: 1, reason: "the file is empty") }
        return PlanNode(node: node, place: PlanPlace(file: file, line: node.mark?.line ?? 1, field: ""))
    }

    private static func syntaxError(_ error: any Error, file: String) -> PlanError {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            .syntax(file: file, line: mark.line, reason: problem)
        case YamlError.duplicatedKeysInMapping(let names, let context):
            .syntax(
                file: file, line: context.mark.line,
                reason: "the map that starts here has " + names.map { "`\($0)`" }.joined(separator: ", ") + " twice")
        case YamlError.reader(let problem, _, _, _):
            .syntax(file: file, line: 1, reason: problem)
        default:
            .syntax(file: file, line: 1, reason: "\(error)")
        }
    }
}
