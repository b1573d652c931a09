using FedPlatform.Contracts.Runs;
using FedPlatform.Web.Runs;
using MudBlazor;

namespace FedPlatform.Web.Components.Shared;

/// <summary>Stop, pause, resume and retry from any page: asks where work would be lost, says what happened.</summary>
public sealed class RunCommands(IRunService runs, IDialogService dialogs, ISnackbar snackbar)
{
    /// <summary>The commands that a state allows.</summary>
    public static bool Allows(RunState state, RunCommand command) => command switch
    {
        RunCommand.Pause => state is RunState.Running or RunState.Starting or RunState.Queued,
        RunCommand.Stop => !state.IsTerminal() && state != RunState.Stopping,
        RunCommand.Resume => state is RunState.Paused,
        _ => state is RunState.Failed or RunState.Stopped or RunState.Lost,
    };

    /// <summary>True when the command was accepted.</summary>
    public async Task<bool> Execute(RunRow run, RunCommand command, CancellationToken cancellationToken = default)
    {
        if (command == RunCommand.Stop && run.Summary.State.IsActive())
        {
            bool? sure = await dialogs.ShowMessageBoxAsync(
                $"Stop “{run.Name}”?",
                $"The round in progress is abandoned. {run.Summary.Round} of {run.Summary.Rounds} committed rounds are kept, and a retry goes on from there.",
                yesText: "Stop the run",
                cancelText: "Keep running");
            if (sure != true)
            {
                return false;
            }
        }

        CommandOutcome outcome = await runs.Command(run.Id, command, cancellationToken);
        switch (outcome.Result)
        {
            case CommandResult.Done:
                snackbar.Add($"{run.Name}: {Said(command)}", Severity.Normal);
                return true;
            case CommandResult.Refused:
                snackbar.Add(outcome.Message ?? "The run's state does not allow this.", Severity.Warning);
                return false;
            default:
                snackbar.Add("This run is not there any more.", Severity.Error);
                return false;
        }
    }

    private static string Said(RunCommand command) => command switch
    {
        RunCommand.Stop => "stopping",
        RunCommand.Pause => "pauses after this round",
        RunCommand.Resume => "queued to go on",
        _ => "queued again",
    };
}
