import Foundation
import Yams

/// Why a schedule or a live run cannot be carried out, as one sentence.
package enum LiveError: Error, CustomStringConvertible {
    case schedule(file: String, line: Int, problem: String)
    case unusable(String)

    package var description: String {
        switch self {
        case .schedule(let file, let line, let problem): "\(file):\(line): \(problem)."
        case .unusable(let sentence): sentence
        }
    }
}

/// Reads a schedule:
///
///     faults:
///       - {at: 3s, fault: pause, target: trainer-0, seconds: 30}
///       - {at: mae step 18 40%, fault: kill, target: server-1, seconds: 0.5}
package struct ScheduleReader {
    private static let fields = ["at", "fault", "target", "seconds"]
    let file: String
    let servers: Int
    let trainers: Int

    /// What the run has, which targets must be of.
    package init(file: String, servers: Int, trainers: Int) {
        (self.file, self.servers, self.trainers) = (file, servers, trainers)
    }

    package func read() throws -> Schedule {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw LiveError.unusable("The schedule \(file) cannot be read as text.")
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw LiveError.schedule(file: file, line: line(error), problem: "this is not valid YAML")
        }
        guard let node, let list = node["faults"]?.sequence, node.mapping?.count == 1, !list.isEmpty else {
            throw LiveError.schedule(
                file: file, line: node?.mark?.line ?? 1, problem: "expected a map with a list `faults` and nothing else"
            )
        }
        return Schedule(try list.map(entry))
    }

    private func line(_ error: any Error) -> Int {
        switch error {
        case YamlError.parser(_, _, let mark, _), YamlError.scanner(_, _, let mark, _): mark.line
        default: 1
        }
    }

    private func entry(_ node: Node) throws -> Schedule.Entry {
        guard let map = node.mapping else {
            throw wrong(node, "expected a map of `at`, `fault`, `target` and `seconds`")
        }
        for key in map.keys where !Self.fields.contains(key.string ?? "") {
            throw wrong(key, "there is no field `\(key.string ?? "")`; there are `at`, `fault`, `target` and `seconds`")
        }
        let kind = try kind(map["fault"], in: node)
        let target = try target(map["target"], in: node)
        guard kind.applies(to: target) else {
            throw wrong(map["fault"] ?? node, "there is no fault `\(kind.rawValue)` of \(target)")
        }
        let seconds = try seconds(map["seconds"], kind, in: node)
        return Schedule.Entry(try moment(map["at"], in: node), Fault(kind, target, seconds: seconds))
    }

    private func kind(_ node: Node?, in entry: Node) throws -> FaultKind {
        guard let kind = node?.string.flatMap(FaultKind.init) else {
            let known = FaultKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw wrong(node ?? entry, "`fault` is one of \(known)")
        }
        return kind
    }

    private func target(_ node: Node?, in entry: Node) throws -> FaultTarget {
        guard let target = node?.string.flatMap(FaultTarget.init) else {
            throw wrong(
                node ?? entry,
                "`target` is coordinator, server-1, trainer-0, or a link such as server-1/coordinator, "
                    + "trainer-0/coordinator or trainers/server-1")
        }
        switch target {
        case .process(.server(let index)), .link(.toServer(let index)), .link(.toCoordinator(.server(let index))):
            guard index < servers else {
                throw wrong(node ?? entry, "the run has \(servers) servers, from server-0 on")
            }
        case .process(.trainer(let index)), .link(.toCoordinator(.trainer(let index))):
            guard index < trainers else {
                throw wrong(node ?? entry, "the run has \(trainers) trainers, from trainer-0 on")
            }
        default: break
        }
        return target
    }

    private func seconds(_ node: Node?, _ kind: FaultKind, in entry: Node) throws -> Double {
        if kind.isMoment {
            if let node { throw wrong(node, "`\(kind.rawValue)` is over at once and has no `seconds`") }
            return 0
        }
        guard let seconds = node?.string.flatMap(Double.init), seconds >= 0, seconds <= 3600 else {
            throw wrong(node ?? entry, "`seconds`, how long the fault lasts, is a number from 0 to 3600")
        }
        return seconds
    }

    /// `3s` or `mae step 18`, with a share of the step's pushes or without: `mae step 18 40%`.
    private func moment(_ node: Node?, in entry: Node) throws -> FaultMoment {
        let text = node?.string ?? ""
        if let match = text.wholeMatch(of: /([0-9]+(?:\.[0-9]+)?)s/), let seconds = Double(match.1) {
            return .seconds(seconds)
        }
        guard let match = text.wholeMatch(of: /([A-Za-z0-9_-]+) step ([0-9]{1,9})(?: ([0-9]{1,3})%)?/),
            let step = Int(match.2), let share = Int(match.3 ?? "0"), share <= 100
        else {
            throw wrong(node ?? entry, "`at` is a time after the first commit such as 3s, or `mae step 18 40%`")
        }
        return .step(stage: String(match.1), step: step, share: Double(share) / 100)
    }

    private func wrong(_ node: Node, _ problem: String) -> LiveError {
        .schedule(file: file, line: node.mark?.line ?? 1, problem: problem)
    }
}
