using FedPlatform.Contracts.Runs;
using FedPlatform.Web.Components.Charts;
using FedPlatform.Web.Components.Live;
using FedPlatform.Web.Components.Shared;
using Microsoft.AspNetCore.Components;

namespace FedPlatform.Web.Components.Run;

/// <summary>The run at a glance; curves grow by one point a round.</summary>
public sealed partial class OverviewTab : IDisposable
{
    private static readonly LineSeries[] GroupSeries =
    [
        new("head", "--head"), new("medium", "--medium"), new("tail", "--tail"),
    ];

    private static readonly LineSeries[] LossSeries = [new("loss", "--gm")];

    private LineChart? accuracy;
    private LineChart? groups;
    private LineChart? loss;
    private BarsData? bars;
    private SwarmData? swarm;
    private RoundReport? drawn;
    private RunLive? heard;

    [Parameter, EditorRequired]
    public RunLive Live { get; set; } = default!;

    private bool Realigned => Live.Detail.Spec.Algorithm.Name == "fedloge";

    private IReadOnlyList<LineSeries> AccuracySeries => Realigned
        ? [new("GM", "--gm", Best: true), new("PM", "--pm", Dash: true, Best: true), new("GM before GLA-FR", "--before", Width: 1.25)]
        : [new("GM", "--gm", Best: true), new("PM", "--pm", Dash: true, Best: true)];

    protected override void OnParametersSet()
    {
        if (heard != Live)
        {
            Forget();
            heard = Live;
            heard.Changed += OnChange;
        }

        if (Live.Latest is { } latest && Live.Partition is { } data && !ReferenceEquals(latest, drawn))
        {
            drawn = latest;
            bars = BarsData.From(data, Live.Detail.Spec.Evaluation.GroupRule, [.. latest.PerClass.Cast<double?>()], Realigned ? [.. latest.PerClassClassifier.Cast<double?>()] : []) with
            {
                BeforeName = "before GLA-FR",
                Label = $"GM per class after round {latest.Round}",
            };
            swarm = new SwarmData(
                [.. latest.Clients.Select(c => new SwarmClient(c.Id, Show.Client(c.Id), c.Pm, c.Gm, c.Samples, c.Selected))],
                latest.Pm,
                $"/runs/{Live.Id}/clients/",
                $"PM of {latest.Clients.Count} clients after round {latest.Round}");
        }
    }

    private Task OnChange(RunChange change) => change.Rounds.Count == 0 ? Task.CompletedTask : InvokeAsync(async () =>
    {
        foreach (RoundReport round in change.Rounds)
        {
            if (accuracy is not null && Evaluated(round))
            {
                await accuracy.Append(Accuracy(round));
            }

            if (groups is not null && round.Groups is not null)
            {
                await groups.Append(Groups(round));
            }

            if (loss is not null && round.Loss is not null)
            {
                await loss.Append(Loss(round));
            }
        }
    });

    private static bool Evaluated(RoundReport round) => round.Gm is not null || round.Pm is not null;

    private double?[] Accuracy(RoundReport r) => Realigned ? [r.Round, r.Gm, r.Pm, r.GmClassifier] : [r.Round, r.Gm, r.Pm];

    private static double?[] Groups(RoundReport r) => [r.Round, r.Groups?.Head, r.Groups?.Medium, r.Groups?.Tail];

    private static double?[] Loss(RoundReport r) => [r.Round, r.Loss];

    private void Forget()
    {
        if (heard is not null)
        {
            heard.Changed -= OnChange;
        }
    }

    public void Dispose() => Forget();
}
