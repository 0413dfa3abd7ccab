import MawsTensor

/// Workspaces between two uses: several units are under way at once, and later ones take over the memory of earlier
/// ones.
final class WorkspacePool {
    private var free: [Workspace] = []

    func take() -> Workspace { free.popLast() ?? Workspace() }

    func give(_ workspace: Workspace) {
        workspace.releaseAll()
        free.append(workspace)
    }
}
