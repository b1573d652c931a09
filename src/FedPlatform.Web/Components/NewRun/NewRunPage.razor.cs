using FedPlatform.Contracts.Models;
using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets;
using FedPlatform.Datasets.Specs;
using FedPlatform.Web.Components.Shared;
using FedPlatform.Web.Datasets;
using FedPlatform.Web.Identity;
using FedPlatform.Web.Runs;
using FedPlatform.Web.Scheduling;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace FedPlatform.Web.Components.NewRun;

/// <summary>A spec by form or as text, with what it would do before it is started.</summary>
public sealed partial class NewRunPage : IDisposable
{
    /// <summary>Rest after the last change before the preview is computed.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(200);

    private static readonly (string Key, string Title)[] Views = [("form", "Form"), ("yaml", "YAML"), ("json", "JSON")];
    private static readonly string[] Steps = ["Data", "Method", "When", "Check"];
    private static readonly (string, string)[] PartitionOptions = [("dirichlet", "Dirichlet, a class at a time"), ("iid", "IID: all clients alike")];
    private static readonly (string, string)[] FlipOptions = [("", "The data set's own"), ("yes", "Yes"), ("no", "No")];
    private static readonly (string, string)[] AlgorithmOptions = [.. SpecVocabulary.Algorithms.Select(a => (a, Show.Algorithm(a)))];
    private static readonly (string, string)[] ModelOptions = [.. ModelCatalogue.All.Select(m => (m.Key, $"{m.Title}, d = {m.FeatureDimension}"))];
    private static readonly (string, string)[] GenericOptions = [("unit", "Unit norms, no bias"), ("reference", "As the authors' code: 1.7, bias kept")];
    private static readonly (string, string)[] PersonalOptions = [("figure", "φ′ alone, as the figure"), ("reference", "φ + φ′, as the code")];
    private static readonly (string, string)[] MaskOptions = [("none", "All classes"), ("train", "Those it trains on"), ("test", "Those it is tested on (leaks)")];
    private static readonly (string, string)[] RuleOptions = [("counts", "> 100, 20–100, < 20 samples"), ("cumulative", "75 % / 95 % of all samples")];

    private readonly SpecDraft draft = new();
    private readonly CancellationTokenSource left = new();
    private IReadOnlyList<(string Key, string Title)> datasetOptions = [];
    private IReadOnlyList<(string Key, string Title)> deviceOptions = [("cpu", "CPU")];
    private IReadOnlyList<DatasetListing> listings = [];
    private CancellationTokenSource? previewing;
    private RunEstimate? estimates;
    private RunEstimate.Result? estimate;
    private PartitionReport? report;
    private RunDetail? parent;
    private string view = "form";
    private string text = "";
    private string? chosen;
    private string? failure;
    private string? asked;
    private int step;
    private bool waiting;
    private bool starting;
    private bool mayRun;
    private bool actorKnown;

    [SupplyParameterFromQuery]
    private string? Preset { get; set; }

    [SupplyParameterFromQuery]
    private string? Clone { get; set; }

    [Inject]
    private IRunService Runs { get; set; } = default!;

    [Inject]
    private IDatasetService Datasets { get; set; } = default!;

    [Inject]
    private IDeviceService Devices { get; set; } = default!;

    [Inject]
    private ICurrentActor Actor { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private IJSRuntime JS { get; set; } = default!;

    [Inject]
    private TimeProvider Time { get; set; } = default!;

    private bool CanStart => draft.Problems.Count == 0 && !starting && mayRun;

    private string? DatasetHint => listings.FirstOrDefault(l => l.Key == draft.Spec.Dataset) switch
    {
        { Info: { } info } => $"{info.ClassNames.Count} classes, {Show.Count(info.TrainCounts.Sum())} training and {Show.Count(info.TestCounts.Sum())} test images",
        _ => null,
    };

    private string AlgorithmHint => draft.Spec.Algorithm.Name == "fedloge"
        ? "A frozen sparse ETF classifier trains the backbone; heads are realigned without data."
        : "Weighted mean of the clients' models: the baseline.";

    private string Selected => $"{Math.Max((int)(draft.Spec.Participation * draft.Spec.Partition.Clients), 1)} of {draft.Spec.Partition.Clients} clients";

    protected override async Task OnInitializedAsync()
    {
        draft.Changed += OnDraft;
        estimates = new RunEstimate(Runs);
        mayRun = (await Actor.Get(left.Token)).MayRun;
        actorKnown = true;
        listings = await Datasets.List(left.Token);
        datasetOptions = [.. listings.Select(l => (l.Key, l.Info is null ? $"{l.Title} (not here)" : l.Title))];
        DeviceOverview overview = await Devices.Overview(left.Token);
        deviceOptions = [.. overview.Devices.Select(d => (d.Device, d.Title))];
    }

    protected override async Task OnParametersSetAsync()
    {
        string now = $"{Clone}|{Preset}";
        if (asked == now)
        {
            return;
        }

        asked = now;
        parent = null;
        if (Guid.TryParse(Clone, out Guid id) && await Runs.Find(id, left.Token) is { } original)
        {
            parent = original;
            draft.Replace(original.Spec with { Name = original.Spec.Name + " (clone)" });
        }
        else
        {
            Preset preset = NewRun.Preset.All.FirstOrDefault(p => p.Key == Preset) ?? NewRun.Preset.All[0];
            chosen = preset.Key;
            draft.Replace(preset.Spec);
        }

        WriteText();
    }

    private void Choose(Preset preset)
    {
        chosen = preset.Key;
        asked = $"|{preset.Key}";
        draft.Replace(preset.Spec);
        WriteText();
        Navigation.NavigateTo(Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["preset"] = preset.Key, ["clone"] = null }), replace: true);
    }

    private void Switch(string next)
    {
        view = next;
        WriteText();
    }

    private void WriteText() => text = view == "json" ? RunSpecReader.ToJson(draft.Spec) : RunSpecReader.ToYaml(draft.Spec);

    private void Written(ChangeEventArgs e)
    {
        text = e.Value?.ToString() ?? "";
        SpecReading reading = RunSpecReader.Read(text);
        if (reading.Spec is { } spec)
        {
            draft.Replace(spec);
        }
        else
        {
            draft.Found = reading.Problems;
            report = null;
            CancelPreview();
        }
    }

    private void OnDraft()
    {
        if (chosen is not null && draft.Spec != NewRun.Preset.All.FirstOrDefault(p => p.Key == chosen)?.Spec)
        {
            chosen = null;
        }

        draft.Found = RunSpecValidator.Validate(draft.Spec, info: null);
        failure = null;
        CancelPreview();
        previewing = CancellationTokenSource.CreateLinkedTokenSource(left.Token);
        _ = InvokeAsync(() => Look(previewing.Token));
        _ = InvokeAsync(StateHasChanged);
    }

    private void CancelPreview()
    {
        previewing?.Cancel();
        previewing?.Dispose();
        previewing = null;
        waiting = false;
    }

    private async Task Look(CancellationToken cancellationToken)
    {
        try
        {
            waiting = true;
            await Task.Delay(Rest, Time, cancellationToken);
            RunSpec spec = draft.Spec;
            // Off the circuit's thread: reading a data set for the first time takes a moment.
            PartitionPreview preview = await Task.Run(() => Datasets.Preview(spec, cancellationToken), cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            draft.Found = preview.Problems;
            report = preview.Report ?? (preview.Problems.Count > 0 ? null : report);
            estimate = report is null || estimates is null ? null : await estimates.For(spec, report, cancellationToken);
            waiting = false;
            StateHasChanged();
        }
        catch (OperationCanceledException)
        {
            // Changed again, or left.
        }
#pragma warning disable CA1031 // Shown on the page, whatever it was.
        catch (Exception broken)
#pragma warning restore CA1031
        {
            (waiting, failure) = (false, broken.ToString());
            StateHasChanged();
        }
    }

    private async Task Start()
    {
        (starting, failure) = (true, null);
        try
        {
            RunCreation creation = await Runs.Create(draft.Spec, parent?.Row.Id, left.Token);
            if (creation.Id is { } id)
            {
                Navigation.NavigateTo($"/runs/{id}");
                return;
            }

            draft.Found = creation.Problems;
        }
#pragma warning disable CA1031 // Shown on the page, whatever it was.
        catch (Exception broken) when (!left.IsCancellationRequested)
#pragma warning restore CA1031
        {
            failure = broken.ToString();
        }
        finally
        {
            starting = false;
        }
    }

    private async Task Jump(string field)
    {
        view = "form";
        step = field.Split('.')[0] switch
        {
            "dataset" or "longTail" or "partition" or "augmentation" => 0,
            "algorithm" or "model" or "participation" or "evaluation" => 1,
            _ => 2,
        };
        StateHasChanged();
        await Task.Yield();
        await JS.InvokeVoidAsync("fpShell.focus", "#" + SpecDraft.Id(field));
    }

    private static RunSpec Algo(RunSpec spec, Func<AlgorithmSpec, AlgorithmSpec> change) => spec with { Algorithm = change(spec.Algorithm) };

    public void Dispose()
    {
        draft.Changed -= OnDraft;
        CancelPreview();
        left.Cancel();
        left.Dispose();
    }
}
