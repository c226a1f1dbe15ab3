"""English words that dictionaries and the model misread, by family. Add further words here.

A family is a list of `word=reading`, separated by blanks; words are in lower case, as they are looked up.
"""

from __future__ import annotations

_FAMILIES = {
    "function words": """
        the=ザ an=アン and=アンド or=オア of=オブ to=トゥ in=イン on=オン off=オフ at=アット by=バイ
        for=フォー with=ウィズ from=フロム as=アズ is=イズ are=アー was=ワズ were=ワー be=ビー been=ビーン
        am=アム it=イット its=イッツ this=ディス that=ザット these=ジーズ those=ゾーズ there=ゼア here=ヒア
        we=ウィー us=アス they=ゼイ them=ゼム their=ゼア he=ヒー him=ヒム his=ヒズ she=シー her=ハー me=ミー
        my=マイ mine=マイン you=ユー your=ユア our=アワー not=ノット no=ノー yes=イエス do=ドゥー does=ダズ
        did=ディド done=ダン have=ハブ has=ハズ had=ハド will=ウィル would=ウッド can=キャン could=クッド
        shall=シャル should=シュッド may=メイ might=マイト must=マスト if=イフ then=ゼン than=ザン
        else=エルス when=ウェン where=ウェア what=ホワット which=ウィッチ who=フー whose=フーズ how=ハウ
        why=ホワイ all=オール any=エニー some=サム more=モア most=モスト many=メニー much=マッチ very=ベリー
        too=トゥー so=ソー but=バット because=ビコーズ into=イントゥ over=オーバー under=アンダー
        between=ビトウィーン after=アフター before=ビフォー about=アバウト again=アゲイン
        always=オールウェイズ never=ネバー ever=エバー now=ナウ just=ジャスト only=オンリー also=オールソー
        out=アウト up=アップ every=エブリ each=イーチ other=アザー another=アナザー both=ボース same=セイム
        such=サッチ per=パー via=バイア go=ゴー goes=ゴーズ get=ゲット got=ゴット let=レット make=メイク
        take=テイク come=カム see=シー say=セイ said=セッド use=ユーズ used=ユーズド like=ライク know=ノウ
        think=シンク thank=サンク thanks=サンクス want=ウォント need=ニード help=ヘルプ hi=ハイ hey=ヘイ
        bye=バイ please=プリーズ sorry=ソーリー don't=ドント doesn't=ダズント didn't=ディドント
        can't=キャント won't=ウォント isn't=イズント it's=イッツ i'm=アイム i'll=アイル i've=アイブ
        you're=ユーアー we're=ウィーアー they're=ゼイアー that's=ザッツ what's=ワッツ let's=レッツ
        he's=ヒーズ she's=シーズ there's=ゼアズ vs=バーサス etc=エトセトラ mr=ミスター mrs=ミセス ms=ミズ
        dr=ドクター inc=インク ltd=リミテッド corp=コーポレーション
        couldn't=クドゥント wouldn't=ウドゥント shouldn't=シュドゥント haven't=ハブント hasn't=ハズント
        hadn't=ハドゥント aren't=アーント weren't=ワーント wasn't=ワズント you've=ユーブ we've=ウィーブ
        they've=ゼイブ they'll=ゼイル you'll=ユール we'll=ウィール he'll=ヒール she'll=シール
        it'll=イトゥル you'd=ユード i'd=アイド o'clock=オクロック
    """,
    "calendar and clock": """
        monday=マンデー tuesday=チューズデー wednesday=ウェンズデー thursday=サーズデー friday=フライデー
        saturday=サタデー sunday=サンデー mon=マンデー tue=チューズデー wed=ウェンズデー thu=サーズデー
        fri=フライデー january=ジャニュアリー february=フェブラリー march=マーチ april=エイプリル
        june=ジューン july=ジュライ august=オーガスト september=セプテンバー october=オクトーバー
        november=ノーベンバー december=ディセンバー jan=ジャニュアリー feb=フェブラリー apr=エイプリル
        aug=オーガスト sept=セプテンバー oct=オクトーバー nov=ノーベンバー dec=ディセンバー today=トゥデイ
        tomorrow=トゥモロー yesterday=イエスタデー day=デイ days=デイズ daily=デイリー week=ウィーク
        weekly=ウィークリー weekend=ウィークエンド weekday=ウィークデー month=マンス monthly=マンスリー
        year=イヤー noon=ヌーン evening=イブニング midnight=ミッドナイト tonight=トゥナイト minute=ミニット
        minutes=ミニッツ hour=アワー hours=アワーズ second=セカンド seconds=セカンズ sunrise=サンライズ
        sunset=サンセット spring=スプリング summer=サマー autumn=オータム winter=ウィンター
    """,
    "numbers and colours": """
        two=ツー three=スリー four=フォー five=ファイブ six=シックス seven=セブン eight=エイト nine=ナイン
        ten=テン eleven=イレブン twelve=トゥエルブ twenty=トゥエンティ thirty=サーティ hundred=ハンドレッド
        thousand=サウザンド million=ミリオン billion=ビリオン 1st=ファースト 2nd=セカンド 3rd=サード
        4th=フォース 5th=フィフス 6th=シックスス 7th=セブンス 8th=エイス 9th=ナインス 10th=テンス
        gray=グレー grey=グレー white=ホワイト warm=ウォーム purple=パープル beige=ベージュ
    """,
    "home": """
        temperature=テンペラチャー humidity=ヒューミディティ humidifier=ヒュミディファイアー
        dehumidifier=デヒュミディファイアー window=ウィンドウ windows=ウィンドウズ wind=ウィンド
        garage=ガレージ cover=カバー oven=オーブン microwave=マイクロウェーブ washer=ウォッシャー
        purifier=ピュリファイヤー fridge=フリッジ refrigerator=リフリジレーター closet=クローゼット
        toilet=トイレ hallway=ホールウェイ upstairs=アップステアーズ downstairs=ダウンステアーズ
        outdoor=アウトドア indoor=インドア outside=アウトサイド inside=インサイド house=ハウス button=ボタン
        remote=リモート presence=プレゼンス occupancy=オキュパンシー illuminance=イルミナンス
        brightness=ブライトネス energy=エナジー gateway=ゲートウェイ aircon=エアコン doorbell=ドアベル
        dimmer=ディマー lux=ルクス smart=スマート climate=クライメート solar=ソーラー panel=パネル
        charger=チャージャー charging=チャージング meter=メーター robot=ロボット tracker=トラッカー
        away=アウェイ auto=オート eco=エコ idle=アイドル arm=アーム armed=アームド disarmed=ディスアームド
        opening=オープニング closing=クロージング detected=ディテクテッド triggered=トリガード
        heating=ヒーティング cooling=クーリング automation=オートメーション unavailable=アンアベイラブル
        available=アベイラブル enable=イネーブル enabled=イネーブルド disable=ディセーブル
        disabled=ディセーブルド device=デバイス devices=デバイシズ entity=エンティティー
        entities=エンティティーズ weather=ウェザー sunny=サニー cloudy=クラウディ rainy=レイニー
        snowy=スノーウィ windy=ウィンディ rain=レイン breakfast=ブレックファスト hello=ハロー
        christmas=クリスマス birthday=バースデー coffee=コーヒー beer=ビール cat=キャット dog=ドッグ
        kids=キッズ baby=ベビー hospital=ホスピタル restaurant=レストラン train=トレイン great=グレート
        thought=ソート enough=イナフ through=スルー
        subwoofer=サブウーファー headphones=ヘッドホン headphone=ヘッドホン earphones=イヤホン
        earphone=イヤホン quilt=キルト basin=ベースン drawer=ドロワー driveway=ドライブウェイ
        gutter=ガター duvet=デュベ hems=ヘムス bems=ベムス
    """,
    "everyday words": """
        able=エイブル dinosaur=ダイナソー spinach=スピナッチ above=アバブ although=オールゾー
        already=オールレディ climb=クライム clothes=クローズ
        cousin=カズン europe=ヨーロッパ everyone=エブリワン female=フィメール male=メール hide=ハイド
        lose=ルーズ listen=リッスン often=オフン parent=ペアレント parents=ペアレンツ pig=ピッグ
        recent=リーセント tone=トーン tiny=タイニー village=ビレッジ yoga=ヨガ way=ウェイ weight=ウェイト
        artist=アーティスト candy=キャンディー display=ディスプレイ highway=ハイウェイ mobile=モバイル
        telephone=テレフォン phone=フォン mistake=ミステイク happen=ハプン stair=ステア stairs=ステアーズ
        bear=ベア hear=ヒア fear=フィア near=ニア poor=プア wow=ワオ wing=ウィング winner=ウィナー
        west=ウェスト wet=ウェット waiter=ウェイター weak=ウィーク face=フェイス place=プレイス
        uniform=ユニフォーム during=デューリング stupid=ステューピッド okay=オーケー wire=ワイヤー
        wireless=ワイヤレス vehicle=ビークル age=エイジ literature=リテラチャー smell=スメル
        tired=タイアード bye-bye=バイバイ one=ワン once=ワンス honey=ハニー island=アイランド whole=ホール
        heart=ハート build=ビルド guest=ゲスト aisle=アイル debt=デット buffet=ビュッフェ ballet=バレエ
        genre=ジャンル cafe=カフェ resume=レジューム
    """,
    # No dictionary has these: in capitals they would be spelled as acronyms.
    "common words of four and five letters": """
        admit=アドミット alike=アライク alive=アライブ allow=アラウ along=アロング alter=オルター
        among=アモング apart=アパート argue=アーギュー arise=アライズ asset=アセット avoid=アボイド
        badly=バッドリー began=ビギャン below=ビロー birth=バース blame=ブレイム blast=ブラスト bless=ブレス
        blood=ブラッド blown=ブロウン boost=ブースト bring=ブリング broad=ブロード broke=ブローク built=ビルト
        burn=バーン calm=カーム cause=コーズ chase=チェイス chose=チョーズ crowd=クラウド dealt=デルト
        depth=デプス drove=ドローブ elect=イレクト exist=イグジスト flood=フラッド fluid=フルイド forth=フォース
        found=ファウンド fraud=フロード fully=フリー funny=ファニー glass=グラス grass=グラス guess=ゲス
        hence=ヘンス laugh=ラフ least=リースト legal=リーガル mayor=メイヤー meant=メント nerve=ナーブ
        newly=ニューリー ought=オート plane=プレーン proud=プラウド prove=プルーブ quite=クワイト refer=リファー
        rural=ルーラル shown=ショウン sight=サイト since=シンス sixth=シックスス solve=ソルブ spell=スペル
        spend=スペンド spent=スペント sport=スポーツ stake=ステーク stood=ストゥッド stuck=スタック taken=テイクン
        teach=ティーチ theft=セフト thick=シック threw=スルー treat=トリート tried=トライド truly=トゥルーリー
        twice=トゥワイス until=アンティル upset=アップセット usage=ユーセージ valid=バリッド waste=ウェイスト
        worry=ウォーリー wrong=ロング wrote=ロート wait=ウェイト quit=クイット find=ファインド loud=ラウド
        beep=ビープ tap=タップ
    """,
    "Japanese and other words in Latin letters": """
        arigatou=アリガトー arigato=アリガトー ohayou=オハヨー konnichiwa=コンニチワ konbanwa=コンバンワ
        oyasumi=オヤスミ sayounara=サヨーナラ
        itadakimasu=イタダキマス tadaima=タダイマ okaeri=オカエリ kawaii=カワイイ ramen=ラーメン
        tofu=トーフ sumo=スモー judo=ジュードー
        shogi=ショーギ sudoku=スードク kobe=コーベ yokohama=ヨコハマ nagoya=ナゴヤ hokkaido=ホッカイドー
        kyushu=キューシュー
        ciao=チャオ grazie=グラツィエ hola=オラ
    """,
    "computing": """
        install=インストール installed=インストールド uninstall=アンインストール update=アップデート
        updates=アップデート updated=アップデーテッド upgrade=アップグレード login=ログイン
        logout=ログアウト logs=ログ log=ログ admin=アドミン token=トークン reset=リセット restart=リスタート
        reboot=リブート restore=リストア backup=バックアップ delete=デリート edit=エディット add=アド
        save=セーブ play=プレイ player=プレイヤー playlist=プレイリスト previous=プレビアス
        settings=セッティング setting=セッティング config=コンフィグ configuration=コンフィギュレーション
        router=ルーター beta=ベータ stable=ステーブル file=ファイル files=ファイルズ example=エグザンプル
        localhost=ローカルホスト local=ローカル default=デフォルト code=コード dev=デブ app=アプリ
        apps=アプリ web=ウェブ wifi=ワイファイ wi-fi=ワイファイ e-mail=イーメール email=イーメール
        mail=メール t-shirt=ティーシャツ x-ray=エックスレイ online=オンライン offline=オフライン
        chat=チャット cache=キャッシュ image=イメージ video=ビデオ audio=オーディオ voice=ボイス
        voices=ボイス language=ランゲージ japan=ジャパン japanese=ジャパニーズ english=イングリッシュ
        model=モデル data=データ database=データベース query=クエリ thread=スレッド threads=スレッド
        node=ノード kernel=カーネル docker=ドッカー container=コンテナ compose=コンポーズ plugin=プラグイン
        add-on=アドオン addon=アドオン integration=インテグレーション integrations=インテグレーション
        yaml=ヤムル json=ジェイソン jpeg=ジェイペグ jpg=ジェイペグ gif=ジフ png=ピング gui=ジーユーアイ
        sql=エスキューエル oled=オーレッド pin=ピン sim=シム ram=ラム rom=ロム nas=ナス lan=ラン wan=ワン
        cad=キャド ajax=エイジャックス com=コム net=ネット org=オルグ jp=ジェーピー io=アイオー
        github=ギットハブ git=ギット gitlab=ギットラブ pod=ポッド bot=ボット iot=アイオーティー
        ipad=アイパッド iphone=アイフォン ipod=アイポッド imac=アイマック ios=アイオーエス
        ipados=アイパッドオーエス macos=マックオーエス mac=マック airpods=エアポッズ airtag=エアタグ
        airplay=エアプレイ tvos=ティービーオーエス watchos=ウォッチオーエス icloud=アイクラウド siri=シリ
        kubernetes=クバネティス nginx=エンジンエックス mysql=マイエスキューエル
        postgresql=ポストグレスキューエル sqlite=エスキューライト postgres=ポストグレス
        influxdb=インフラックスディービー mariadb=マリアディービー numpy=ナンパイ onnx=オニキス
        kotlin=コトリン rust=ラスト swift=スウィフト debian=デビアン ubuntu=ウブントゥ
        arduino=アルドゥイーノ raspberry=ラズベリー pi=パイ linux=リナックス chromecast=クロームキャスト
        chatgpt=チャットジーピーティー copilot=コパイロット gemini=ジェミニ claude=クロード
        anthropic=アンソロピック voicevox=ボイスボックス mosquitto=モスキート zigbee=ジグビー
        z-wave=ゼットウェーブ zwave=ゼットウェーブ bluetooth=ブルートゥース matter=マター
        ethernet=イーサネット esphome=イーエスピーホーム homeassistant=ホームアシスタント
        home-assistant=ホームアシスタント readme=リードミー zigbee2mqtt=ジグビーツーエムキューティーティー
        zwavejs=ゼットウェーブジェイエス phd=ピーエイチディー prof=プロフェッサー hacs=ハックス
        hassio=ハスアイオー haos=エイチエーオーエス tasmota=タスモタ lovelace=ラブレース rhasspy=ラスピー
        node-red=ノードレッド grafana=グラファナ frigate=フリゲート wake=ウェイク word=ワード
        assist=アシスト assistant=アシスタント cloud=クラウド stream=ストリーム streaming=ストリーミング
        ultra=ウルトラ pro=プロ max=マックス mini=ミニ plus=プラス air=エア lite=ライト prime=プライム
        free=フリー premium=プレミアム version=バージョン gen=ジェン ver=バージョン vol=ボリューム
        cookie=クッキー wyoming=ワイオミング whisper=ウィスパー
        preset=プリセット touchscreen=タッチスクリーン queue=キュー antivirus=アンチウイルス staging=ステージング
        unicast=ユニキャスト async=エイシンク await=アウェイト proxy=プロキシ latency=レイテンシー
        rag=ラグ sram=エスラム vlan=ブイラン saml=サムル imap=アイマップ ldap=エルダップ crud=クラッド cors=コルス
        mpeg=エムペグ swat=スワット gafa=ガーファ gafam=ガーファム gb=ギガバイト tb=テラバイト hz=ヘルツ
        lo-fi=ローファイ hi-fi=ハイファイ sci-fi=サイファイ
        jupyter=ジュピター pandas=パンダス ffmpeg=エフエフエムペグ openhab=オープンハブ twitch=ツイッチ
    """,
    "makers and services": """
        switchbot=スイッチボット philips=フィリップス hue=ヒュー sonos=ソノス ikea=イケア aqara=アカラ
        tapo=タポ kasa=カーサ tp-link=ティーピーリンク tplink=ティーピーリンク eufy=ユーフィ anker=アンカー
        echo=エコー alexa=アレクサ nest=ネスト homepod=ホームポッド homekit=ホームキット tuya=トゥーヤ
        shelly=シェリー meross=メロス govee=ゴービー yeelight=イーライト lifx=ライフエックス
        nanoleaf=ナノリーフ lutron=ルートロン somfy=ソンフィ miele=ミーレ siemens=シーメンス bosch=ボッシュ
        schneider=シュナイダー honeywell=ハネウェル ubiquiti=ユビキティ unifi=ユニファイ synology=シノロジー
        qnap=キューナップ plex=プレックス jellyfin=ジェリーフィン kodi=コーディ roku=ロク roomba=ルンバ
        irobot=アイロボット dyson=ダイソン roborock=ロボロック ecovacs=エコバックス sesame=セサミ
        qrio=キュリオ nature=ネイチャー remo=リモ netatmo=ネタトモ ecobee=エコビー ring=リング arlo=アーロ
        wyze=ワイズ reolink=レオリンク sonoff=ソノフ xiaomi=シャオミ huawei=ファーウェイ oppo=オッポ
        lenovo=レノボ asus=エイスース acer=エイサー nvidia=エヌビディア samsung=サムスン galaxy=ギャラクシー
        canon=キヤノン nikon=ニコン mazda=マツダ audi=アウディ volvo=ボルボ porsche=ポルシェ
        toshiba=トーシバ toyota=トヨタ fujitsu=フジツー sharp=シャープ nintendo=ニンテンドー
        tiktok=ティックトック spotify=スポティファイ netflix=ネットフリックス hulu=フールー
        youtube=ユーチューブ facebook=フェイスブック instagram=インスタグラム linkedin=リンクトイン
        whatsapp=ワッツアップ paypal=ペイパル paypay=ペイペイ rakuten=ラクテン mercari=メルカリ suica=スイカ
        pasmo=パスモ visa=ビザ uber=ウーバー starbucks=スターバックス mcdonald's=マクドナルド
        mcdonalds=マクドナルド seven-eleven=セブンイレブン 7-eleven=セブンイレブン lawson=ローソン
        uniqlo=ユニクロ muji=ムジ sony=ソニー bose=ボーズ panasonic=パナソニック daikin=ダイキン
        mitsubishi=ミツビシ lg=エルジー at&t=エーティーアンドティー adobe=アドビ oracle=オラクル cisco=シスコ meta=メタ
        openai=オープンエーアイ zoom=ズーム slack=スラック teams=チームズ notion=ノーション
        discord=ディスコード steam=スチーム tokyo=トーキョー osaka=オーサカ kyoto=キョート
        u-next=ユーネクスト dazn=ダゾーン abema=アベマ radiko=ラジコ tver=ティーバー nuro=ニューロ
        lotte=ロッテ benz=ベンツ mercedes=メルセデス peugeot=プジョー chevrolet=シボレー
        hyundai=ヒョンデ hisense=ハイセンス iodata=アイオーデータ eero=イーロ ruckus=ラッカス
        aruba=アルバ mikrotik=ミクロティック zapier=ザピアー xbox=エックスボックス pokemon=ポケモン
        airbnb=エアビーアンドビー weibo=ウェイボー quora=クオーラ quicpay=クイックペイ waon=ワオン
        lockheed=ロッキード wechat=ウィーチャット
    """,
    "letters with digits": """
        5g=ファイブジー 4g=フォージー 3g=スリージー 6g=シックスジー lte=エルティーイー 2d=ツーディー
        3d=スリーディー 4d=フォーディー 2k=ニーケー 4k=ヨンケー 5k=ゴーケー 8k=ハチケー
        2wd=ツーダブリューディー 4wd=ヨンダブリューディー mp3=エムピースリー mp4=エムピーフォー
        ps2=ピーエスツー ps3=ピーエススリー ps4=ピーエスフォー ps5=ピーエスファイブ f1=エフワン f2=エフツー
        f3=エフスリー j1=ジェイワン j2=ジェイツー j3=ジェイスリー g7=ジーセブン g20=ジートゥエンティ
        m1=エムワン m2=エムツー m3=エムスリー m4=エムフォー m5=エムファイブ k-1=ケーワン m-1=エムワン
        1on1=ワンオンワン 2in1=ツーインワン 3in1=スリーインワン b2b=ビーツービー b2c=ビーツーシー
        p2p=ピーツーピー o2o=オーツーオー co2=シーオーツー
        h2o=エイチツーオー h2=エイチツー o2=オーツー n2=エヌツー no2=エヌオーツー so2=エスオーツー
        o3=オースリー ch4=シーエイチフォー spo2=エスピーオーツー eco2=イーシーオーツー
        tvoc=ティーブイオーシー cop=コップ web2=ウェブツー web3=ウェブスリー v2h=ブイツーエイチ
        v2x=ブイツーエックス
        i3=アイスリー i5=アイファイブ i7=アイセブン i9=アイナイン a1=エーワン s3=エススリー ec2=イーシーツー
        r2d2=アールツーディーツー w3c=ダブリュースリーシー i18n=アイジュウハチエヌ
        h264=エイチニーロクヨン h265=エイチニーロクゴー x86=エックスハチロク x64=エックスロクヨン
        mi6=エムアイシックス pop3=ポップスリー md5=エムディーファイブ hdr10=エイチディーアールテン
        wpa2=ダブリューピーエーツー wpa3=ダブリューピーエースリー
        utf8=ユーティーエフエイト utf-8=ユーティーエフエイト gpt4=ジーピーティーフォー
        gpt-4=ジーピーティーフォー gpt5=ジーピーティーファイブ gpt-5=ジーピーティーファイブ
    """,
}

READINGS: dict[str, str] = {
    word: reading for family in _FAMILIES.values() for word, reading in (pair.split("=") for pair in family.split())
}
"""Word in lower case → katakana."""

_ACRONYMS = """
    ac ai am api aqi at atm au bcc ble bmi bpm bs bts cc cd ceo ci cli cm co cpu cs css csv ctr dc ddr dhcp
    diy dns dvd dx eg esp eu ev faq fm ftp gdp gps gpu hdd hdmi hr html http https hvac iaq ict id ie ip isp
    it jcb jr kpi lcd led llm mdns ml mqtt nfc ng ngo nhk npo ntp ntt nvr ok os ota otp pc pdf phev php
    pm poe pr ps psu pta pv qr rfid rgb rgbw rss sdk sms sns sos ssd ssh ssid ssl stt tbs tcp tls tts
    qol ecu bml lgb tot otl orz stu pek efo amz wtv tw mv ua
    udp ui uk un ups url usa usb uv ux vip voc vpn vr wc who wlan www xml xr
"""

SPELLED = frozenset(_ACRONYMS.split())
"""Acronyms that are spelled in upper and lower case; other short unknown words are spelled only in capitals."""
