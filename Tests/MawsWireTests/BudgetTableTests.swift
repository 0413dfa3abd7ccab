import Foundation
import MawsWire
import Testing

/// The table of budgets in the specification is the one in the code.
@Suite struct BudgetTableTests {
    private static let rows: [(name: String, budget: MessageBudget)] = [
        ("anyone, before hello", .stranger), ("viewer", .viewer), ("trainer, not admitted", .guest),
        ("trainer", .trainer), ("trainer, plan with evaluations", .examiner), ("server", .server),
        ("server, tensors", .bulk),
        ("trainer, at a server", .shardClient),
    ]

    private static func cells(_ line: Substring) -> [String] {
        line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
            .map { $0.trimmingCharacters(in: .whitespaces) }
    }

    @Test func theSpecificationHasTheCodesTable() throws {
        let path = URL(filePath: #filePath).appending(path: "../../../Protocol/wire.md").standardized
        let text = try String(contentsOf: path, encoding: .utf8)
        let section = try #require(text.components(separatedBy: "## Budgets").dropFirst().first)
        let table = section.split(separator: "\n").filter { $0.hasPrefix("|") }.dropFirst(2).map(Self.cells)
        #expect(table.map { $0[0] } == Self.rows.map(\.name))
        for (cells, row) in zip(table, Self.rows) {
            let budget = row.budget
            let kinds = cells[1].components(separatedBy: ", ")
            #expect(Set(kinds) == Set(budget.bodyBytesMax.keys.map { "\($0)" }), "\(row.name)")
            let changed = budget.bodyBytesMax.filter { $0.value != $0.key.bodyLimit }.map { "\($0.key) \($0.value)" }
            #expect(cells[2] == changed.sorted().joined(separator: ", "), "\(row.name)")
            let numbers = [
                Int(budget.messagesAtOnce), Int(budget.messagesPerSecond), budget.waitingMax, budget.waitingBytesMax,
                budget.unsentBytesMax, budget.connectionsMax,
            ]
            for (cell, number) in zip(cells[3...], numbers) where !cell.isEmpty {
                #expect(cell == "\(number)", "\(row.name)")
            }
        }
    }

    @Test func beforeHelloNoBodyIsAbove64KiB() {
        #expect(MessageBudget.stranger.bodyBytesMax == [.hello: 64 << 10, .linkRequest: 64, .bulk: 64])
    }
}
