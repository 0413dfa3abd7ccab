import Foundation
import Yams

/// What the command line says in place of the plan file.
package struct PlanOverrides: Hashable, Sendable {
    package var seed: UInt64?
    package var run: String?

    package init(seed: UInt64? = nil, run: String? = nil) {
        self.seed = seed
        self.run = run
    }
}

/// Reads a plan file, checks every field and fills in every default.
package enum PlanLoader {
    /// - Parameters:
    ///   - path: the plan file.
    ///   - root: folder that the paths inside the plan are relative to: the working directory, not the plan's own
    ///     folder.
    ///   - cores: cores shared out among the local trainers where the plan names no `threads`; nil: this machine's.
    ///   - precision: what a plan that names none computes with, from the folder of its run.
    ///   - tokenizerSize: token ids that the SentencePiece model at this path gives, the rows of the text tower's
    ///     embedding.
    /// - Throws: every fault that is not a consequence of another, each with its line and field; several as one
    ///   `PlanError.several`.
    package static func load(
        path: String, root: String = ".", overrides: PlanOverrides = PlanOverrides(), cores: Int? = nil,
        precision: @escaping (_ run: String) -> Precision = { _ in .fp32 },
        tokenizerSize: @escaping (String) throws -> Int
    ) throws(PlanError) -> Plan {
        try parse(
            text(path), file: path, root: root, overrides: overrides, cores: cores, precision: precision,
            tokenizerSize: tokenizerSize)
    }

    /// Loads what `Plan.yaml()` wrote, of an earlier version too. Every field is there and is checked, but the data,
    /// vocabularies and tokenizers it names need not exist any more.
    package static func loadResolved(path: String) throws(PlanError) -> Plan {
        let reader = PlanReader(cores: 1, files: PlanFiles(root: nil), overrides: PlanOverrides()) { _ in
            preconditionFailure("a resolved plan's tokenizer is not looked at")
        }
        return try reader.plan(compose(text(path), file: path, takesFormerNames: true))
    }

    /// `load` for a plan that is already in memory; `file` is what errors call it.
    package static func parse(
        _ text: String, file: String, root: String = ".", overrides: PlanOverrides = PlanOverrides(),
        cores: Int? = nil, precision: @escaping (_ run: String) -> Precision = { _ in .fp32 },
        tokenizerSize: @escaping (String) throws -> Int
    ) throws(PlanError) -> Plan {
        let reader = PlanReader(
            cores: cores ?? ProcessInfo.processInfo.activeProcessorCount, files: PlanFiles(root: root),
            overrides: overrides, precisionDefault: precision, tokenizerSize: tokenizerSize)
        return try reader.plan(compose(text, file: file))
    }

    private static func text(_ path: String) throws(PlanError) -> String {
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            let what = isFolder.boolValue ? "it is a folder" : "it is not a readable UTF-8 text file"
            throw .unreadable(file: path, reason: exists ? what : "there is no such file")
        }
    }

    private static func compose(
        _ text: String, file: String, takesFormerNames: Bool = false
    ) throws(PlanError) -> PlanNode {
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw syntaxError(error, file: file, text: text)
        }
        guard let node else { throw .syntax(file: file, line: 1, reason: "the file is empty") }
        return PlanNode(
            node: node, place: PlanPlace(file: file, line: node.mark?.line ?? 1, field: ""),
            faults: FaultLog(takesFormerNames: takesFormerNames))
    }

    private static func syntaxError(_ error: any Error, file: String, text: String) -> PlanError {
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        let isTab = { (line: Int) in
            lines.indices.contains(line - 1) && lines[line - 1].prefix { $0.isWhitespace }.contains("\t")
        }
        switch error {
        case YamlError.scanner(_, _, let mark, _) where isTab(mark.line):
            return .syntax(file: file, line: mark.line, reason: "the line begins with a tab; indent with spaces")
        default: return syntaxError(error, file: file)
        }
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
